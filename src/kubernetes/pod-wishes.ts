import type { PodWishes } from './cluster.ts';

/** Ours, on a pod (or, with `read-namespace-annotations`, on its namespace). Documented in docs/draining.md. */
const drainAnnotation = 'aws-node-termination-handler/drain';
const graceAnnotation = 'aws-node-termination-handler/grace-period-seconds';

/** https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md */
const safeToEvictAnnotation = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
/** https://karpenter.sh/docs/concepts/disruption/ */
const doNotDisruptAnnotation = 'karpenter.sh/do-not-disrupt';

const drainWishes = ['skip', 'wait', 'last'] as const;

const known = [drainAnnotation, graceAnnotation, safeToEvictAnnotation, doNotDisruptAnnotation];

/** One for nearly all pods. */
const noWishes: PodWishes = Object.freeze({
  drain: undefined,
  gracePeriodSeconds: undefined,
  doNotDisrupt: false,
  unreadable: [],
});

/** What a pod's annotations ask of a drain. A value that can't be read is as if it were not there, and is told. */
export function readWishes(annotations: Readonly<Record<string, string>>): PodWishes {
  if (!known.some((key) => annotations[key] !== undefined)) return noWishes;
  const drain = annotations[drainAnnotation];
  const grace = annotations[graceAnnotation];
  const wish = drainWishes.find((it) => it === drain);
  const seconds = grace !== undefined && /^\d{1,6}$/.test(grace) ? Number(grace) : undefined;
  const unreadable = [
    ...(drain !== undefined && wish === undefined
      ? [complaint(drainAnnotation, drain, drainWishes.join(', '))]
      : []),
    ...(grace !== undefined && seconds === undefined
      ? [complaint(graceAnnotation, grace, 'whole seconds')]
      : []),
  ];
  return {
    drain: wish,
    gracePeriodSeconds: seconds,
    doNotDisrupt:
      annotations[safeToEvictAnnotation] === 'false' || annotations[doNotDisruptAnnotation] === 'true',
    unreadable,
  };
}

function complaint(key: string, given: string, expected: string): string {
  return `Ignoring annotation ${key}=${JSON.stringify(given.slice(0, 100))}: expected ${expected}`;
}
