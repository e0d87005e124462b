import { randomUUID } from 'node:crypto';

/** Messages as EventBridge sends them, for tests in which only some fields matter. */

export function eventBridge(
  source: string,
  detailType: string,
  detail: object,
  time = '2030-01-01T00:00:00Z',
) {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: '123456789012',
    time,
    region: 'eu-central-1',
    resources: [],
    detail,
  };
}

export function spotWarning(instanceId: string, time?: string) {
  return eventBridge(
    'aws.ec2',
    'EC2 Spot Instance Interruption Warning',
    { 'instance-id': instanceId, 'instance-action': 'terminate' },
    time,
  );
}

export function stateChange(instanceId: string, state: string) {
  return eventBridge('aws.ec2', 'EC2 Instance State-change Notification', {
    'instance-id': instanceId,
    state,
  });
}

export function terminateAction(instanceId: string, token = randomUUID() as string) {
  return eventBridge('aws.autoscaling', 'EC2 Instance-terminate Lifecycle Action', {
    LifecycleActionToken: token,
    AutoScalingGroupName: 'nodes',
    LifecycleHookName: 'drain',
    EC2InstanceId: instanceId,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  });
}

/** The same of an instance that its group keeps, stopped. */
export function toWarmPool(message: ReturnType<typeof terminateAction>) {
  return { ...message, detail: { ...message.detail, Destination: 'WarmPool', Origin: 'AutoScalingGroup' } };
}

export function launchAction(instanceId: string, token = randomUUID() as string) {
  return eventBridge('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action', {
    LifecycleActionToken: token,
    AutoScalingGroupName: 'nodes',
    LifecycleHookName: 'ready',
    EC2InstanceId: instanceId,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  });
}

export function healthEvent(instanceIds: readonly string[], fields: object = {}) {
  return eventBridge('aws.health', 'AWS Health Event', {
    eventArn: 'arn:aws:health:eu-central-1::event/EC2/AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED/1',
    service: 'EC2',
    eventTypeCode: 'AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED',
    eventTypeCategory: 'scheduledChange',
    statusCode: 'upcoming',
    startTime: 'Wed, 02 Jan 2030 00:00:00 GMT',
    endTime: 'Wed, 02 Jan 2030 02:00:00 GMT',
    affectedEntities: instanceIds.map((entityValue) => ({ entityValue })),
    ...fields,
  });
}
