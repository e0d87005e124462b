import type { PodView } from '../../src/kubernetes/cluster.ts';

let made = 0;

/** A pod as a Deployment's usually are; what a test is about is given. */
export function pod(given: Partial<PodView> = {}): PodView {
  made += 1;
  return {
    namespace: 'shop',
    name: `cart-${made}`,
    uid: `uid-${made}`,
    labels: { app: 'cart' },
    createdAt: 0,
    phase: 'Running',
    ready: true,
    owner: { kind: 'ReplicaSet', name: 'cart', uid: 'uid-cart' },
    isMirror: false,
    usesEmptyDir: false,
    gracePeriodSeconds: 30,
    priorityClass: undefined,
    wishes: { drain: undefined, gracePeriodSeconds: undefined, doNotDisrupt: false, unreadable: [] },
    runningContainers: ['main'],
    usesClaims: false,
    deletionAt: undefined,
    ...given,
  };
}

export const daemonSet = { kind: 'DaemonSet', name: 'logs', uid: 'uid-logs' };
