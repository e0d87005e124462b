import {
  isLeftBehind,
  outcomeCounts,
  secondsToSpare,
  type DrainReport,
  type PodRecord,
} from '../drain/report.ts';
import { shortened } from './shortened.ts';
import type { ReportedPod, ReportStatus } from './document.ts';

/** Pods of an ended drain that are kept: with 50 drains that is what the history may weigh. */
const mostPods = 30;

/** A drain's report, cut to what can be kept of many. */
export function reportStatus(report: DrainReport): ReportStatus {
  const pods = report.pods
    .filter((pod) => pod.outcome !== 'stays')
    .sort((a, b) => concern(b) - concern(a) || secondsOf(b) - secondsOf(a))
    .slice(0, mostPods);
  return {
    complete: report.complete,
    startedAt: report.startedAt,
    endedAt: report.endedAt,
    secondsToSpare: secondsToSpare(report),
    volumesAttached: report.volumesAttached,
    outcomes: Object.fromEntries(outcomeCounts(report)),
    pods: pods.map(reported),
    podsNotListed: report.pods.length - pods.length,
  };
}

function reported(pod: PodRecord): ReportedPod {
  const { namespace, name, owner, outcome, because, askedAt, goneAt, graceSeconds, refusals } = pod;
  return {
    namespace,
    name,
    owner,
    outcome,
    because: shortened(because),
    askedAt,
    goneAt,
    graceSeconds,
    refusals,
    isLeftBehind: isLeftBehind(pod),
  };
}

function concern(pod: PodRecord): number {
  if (isLeftBehind(pod)) return 2;
  return pod.outcome === 'deleted' || pod.outcome === 'clamped' ? 1 : 0;
}

function secondsOf({ askedAt, goneAt }: PodRecord): number {
  return askedAt === undefined || goneAt === undefined ? 0 : goneAt - askedAt;
}
