import type { LifecycleHook } from '../../interruption/interruption.ts';
import { text } from './fields.ts';
import type { Envelope } from './signal.ts';

/**
 * The hook that a lifecycle action waits for; undefined where the message doesn't say which. Without a token it can
 * be completed all the same, by its instance.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
 */
export function hookOf({ detail }: Envelope): LifecycleHook | undefined {
  const hook = {
    group: text(detail['AutoScalingGroupName']),
    name: text(detail['LifecycleHookName']),
    token: text(detail['LifecycleActionToken']),
    instanceId: text(detail['EC2InstanceId']),
  };
  return hook.group === '' || hook.name === '' ? undefined : hook;
}
