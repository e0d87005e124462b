import type { PodView } from '../kubernetes/cluster.ts';

export interface EvictionRules {
  /** Leave DaemonSet pods where they are. */
  readonly ignoreDaemonSets: boolean;
  /** Evict pods that use emptyDir volumes, whose data is lost with them. */
  readonly deleteLocalData: boolean;
  /** The daemon's own pod; an empty namespace stands for any. */
  readonly self: { readonly name: string; readonly namespace: string };
}

/** What becomes of a pod, with a reason that can be shown to an operator. */
export type PodDecision =
  | { readonly leaves: true; readonly because: string }
  | {
      readonly leaves: false;
      readonly because: string;
      /** The options forbid to evict it, so the node can't be called drained. */
      readonly spoilsDrain: boolean;
    };

/**
 * Whether a pod leaves. The rules and their order are those of `kubectl drain --force`, which NTH runs:
 * https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
 * @param deletedDaemonSets uids of DaemonSets that are known to exist no more
 */
export function decidePod(
  pod: PodView,
  rules: EvictionRules,
  deletedDaemonSets: ReadonlySet<string>,
): PodDecision {
  const { self } = rules;
  if (
    self.name !== '' &&
    pod.name === self.name &&
    (self.namespace === '' || pod.namespace === self.namespace)
  ) {
    return { leaves: false, because: 'it is this daemon', spoilsDrain: false };
  }
  if (pod.isMirror) {
    return { leaves: false, because: 'it is a static pod, which only its node can stop', spoilsDrain: false };
  }
  if (pod.wishes.drain === 'skip') {
    return { leaves: false, because: 'its annotation asks to skip it', spoilsDrain: false };
  }
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed')
    return { leaves: true, because: 'it has finished' };
  if (pod.owner?.kind === 'DaemonSet') {
    if (deletedDaemonSets.has(pod.owner.uid)) {
      return { leaves: true, because: `its DaemonSet "${pod.owner.name}" no longer exists` };
    }
    return rules.ignoreDaemonSets
      ? { leaves: false, because: `DaemonSet "${pod.owner.name}" would put it back`, spoilsDrain: false }
      : {
          leaves: false,
          because: `DaemonSet "${pod.owner.name}" would put it back, and ignore-daemon-sets is off`,
          spoilsDrain: true,
        };
  }
  if (pod.usesEmptyDir && !rules.deleteLocalData) {
    return {
      leaves: false,
      because: 'it has data in an emptyDir volume, and delete-local-data is off',
      spoilsDrain: true,
    };
  }
  return pod.owner
    ? { leaves: true, because: `${pod.owner.kind} "${pod.owner.name}" will replace it` }
    : { leaves: true, because: 'nothing will replace it' };
}
