import { goTime, hexOf, isInstanceId, text } from './fields.ts';
import { hookOf } from './lifecycle-action.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';

/** The group waits until the new instance's node is ready. Its ids start as those of terminations do: NTH's do. */
export const launchLifecycleAction: Parser = (event, { seenAt }) => {
  const instanceId = text(event.detail['EC2InstanceId']);
  if (instanceId === '') return unreadable('no "EC2InstanceId"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const hook = hookOf(event);
  if (hook === undefined) return unreadable('no "AutoScalingGroupName" or "LifecycleHookName"');
  const startTime = event.time ?? seenAt;
  return signals({
    kind: 'ASG_LAUNCH_LIFECYCLE',
    id: `asg-lifecycle-term-${hexOf(event.id)}`,
    monitor: 'SQS_MONITOR',
    description: `ASG Lifecycle Launch event received. Instance was started at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    hook,
  });
};
