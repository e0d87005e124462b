import type { LifecycleHook } from '../interruption/interruption.ts';
import type { LogFields } from '../logger.ts';

/** The same hook, whoever names it: by a message, by a node's annotation. */
export function hookKey({ group, name, token, instanceId }: LifecycleHook): string {
  return `${group}/${name}/${token || instanceId}`;
}

/** As the calls of Auto Scaling name a hook; its token may be left out, as the instance is named. */
export function hookParameters({ group, name, token, instanceId }: LifecycleHook): Record<string, string> {
  return {
    AutoScalingGroupName: group,
    LifecycleHookName: name,
    InstanceId: instanceId,
    ...(token !== '' && { LifecycleActionToken: token }),
  };
}

/** NTH's names of the fields. */
export function hookFields({ group, name, token, instanceId }: LifecycleHook): LogFields {
  return { asgName: group, lifecycleHookName: name, lifecycleActionToken: token, instanceID: instanceId };
}
