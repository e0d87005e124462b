import { goTime, hexOf, isInstanceId, text } from './fields.ts';
import { hookOf } from './lifecycle-action.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';

/**
 * The group takes an instance out. One that goes back into the group's warm pool comes again under the same id.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pools-eventbridge-events.html
 */
export const terminateLifecycleAction: Parser = (event, { seenAt }) => {
  const instanceId = text(event.detail['EC2InstanceId']);
  if (instanceId === '') return unreadable('no "EC2InstanceId"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const startTime = event.time ?? seenAt;
  const hook = hookOf(event);
  return signals({
    kind: 'ASG_LIFECYCLE',
    id: `asg-lifecycle-term-${hexOf(event.id)}`,
    monitor: 'SQS_MONITOR',
    description:
      `ASG Lifecycle Termination event received. ` +
      `Instance will be interrupted at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    ...(hook && { hook }),
    returnsToWarmPool: event.detail['Destination'] === 'WarmPool',
  });
};
