import type { AuditEvent } from '../parts/audit-log.ts';
import type { Figure, Table } from './benchmark.ts';
import type { Observed, ReadyCount, SeenPod } from './reclaim-observer.ts';
import type { Service } from './reclaim-workloads.ts';

/** The daemon's default margin, and the second that grace periods are rounded by: see docs/draining.md. */
const marginMs = 5_000 + 1_000;
/** Until the daemon has asked again, with room for a machine that is busy. */
const pollMs = 2_000;

/** A machine that is taken away. */
export interface Reclaim {
  readonly node: string;
  readonly noticedAtMs: number;
  readonly endsAtMs: number;
}

export interface ReclaimRun {
  readonly reclaims: readonly Reclaim[];
  readonly services: readonly Service[];
  readonly observed: Observed;
  /** Of the daemons, by the API server's own record. */
  readonly calls: readonly AuditEvent[];
}

interface ReclaimedPod extends SeenPod {
  readonly reclaim: Reclaim;
}

/** What became of the pods at the power cut, by the watch and the audit log alone. */
export function verdict(run: ReclaimRun): readonly Table[] {
  const { reclaims, services } = run;
  return [
    {
      title: `${reclaims.length} nodes get a Spot notice of 120 s at once, one daemon each; what is so when the power is cut`,
      figures: podFigures(run),
    },
    {
      title: 'the lowest number of ready replicas',
      figures: services.map((service) => serviceFigure(service, run)),
    },
  ];
}

function podFigures(run: ReclaimRun): Figure[] {
  const pods = reclaimedPods(run);
  const guarded = new Set(run.services.filter((it) => it.minAvailable !== undefined).map((it) => it.name));
  const cut = pods.filter((pod) => wasAsked(pod) && !wasGone(pod));
  const taken = run.calls.filter(({ statusCode }) => statusCode < 300);
  const deleted = taken.filter(({ verb, resource }) => verb === 'delete' && resource === 'pods');
  const evicted = taken.filter(({ subresource }) => subresource === 'eviction');
  return [
    {
      figure: 'pods that had to leave',
      measured: `${pods.length}, ${pods.filter((pod) => guarded.has(pod.service)).length} of them behind budgets`,
    },
    none('never asked', pods, (pod) => !wasAsked(pod)),
    none('cut in mid-shutdown, though their grace fitted', cut, hasFittingGrace),
    none(
      'cut in mid-shutdown, their grace being longer than the notice',
      cut,
      (pod) => !hasFittingGrace(pod),
    ),
    none(
      'given less than their own grace, though that fitted',
      pods,
      (pod) => hasFittingGrace(pod) && (pod.givenSeconds ?? 0) < pod.graceSeconds,
    ),
    none('deleted past their budget before their latest instant', pods, (pod) =>
      deleted.some(({ name, receivedAtMs }) => name === pod.name && receivedAtMs < latestInstantMs(pod)),
    ),
    { figure: 'asked by eviction', measured: String(evicted.length) },
    { figure: 'deleted at their latest instant', measured: String(deleted.length) },
    {
      figure: 'the last pod was gone before the power cut, the least of all nodes',
      measured: spare(run, pods),
    },
    { figure: 'API calls of the daemons', measured: String(run.calls.length) },
  ];
}

function none(figure: string, pods: readonly ReclaimedPod[], isSo: (pod: ReclaimedPod) => boolean): Figure {
  const found = pods.filter(isSo);
  const names = found.slice(0, 3).map(({ name }) => name);
  const measured = [found.length, ...names].join(' ');
  return { figure, measured, target: '0', isMet: found.length === 0 };
}

/** Its budget binds until the first of its pods must be asked lest it be cut off. */
function serviceFigure({ name, replicas, graceSeconds, minAvailable }: Service, run: ReclaimRun): Figure {
  const pods = reclaimedPods(run).filter((pod) => pod.service === name);
  const firstMs = Math.min(...pods.map(latestInstantMs));
  const counts = run.observed.ready.get(name) ?? [];
  const lowest = lowestIn(counts, Infinity);
  const lowestInTime = lowestIn(counts, firstMs);
  // The latest instants of what needs longer than the notice had passed when it came.
  const isKnown = Number.isFinite(lowestInTime);
  const budget = minAvailable === undefined ? 'no budget' : `budget ${minAvailable}`;
  return {
    figure: `${name}: ${replicas} replicas, ${budget}, grace ${graceSeconds} s`,
    measured: `${isKnown ? lowestInTime : '-'} until the first latest instant, ${lowest} in all`,
    ...(minAvailable !== undefined &&
      isKnown && {
        target: `>= ${minAvailable} until then`,
        isMet: lowestInTime >= minAvailable,
      }),
  };
}

function reclaimedPods({ reclaims, observed }: ReclaimRun): ReclaimedPod[] {
  return observed.pods.flatMap((pod) => {
    const reclaim = reclaims.find(({ node }) => node === pod.node);
    return reclaim ? [{ ...pod, reclaim }] : [];
  });
}

function wasAsked({ askedAtMs = Infinity, reclaim }: ReclaimedPod): boolean {
  return askedAtMs < reclaim.endsAtMs;
}

function wasGone({ goneAtMs = Infinity, reclaim }: ReclaimedPod): boolean {
  return goneAtMs < reclaim.endsAtMs;
}

/** The latest instant at which it can be asked so that its own grace ends before the power cut. */
function latestInstantMs({ graceSeconds, reclaim }: ReclaimedPod): number {
  return reclaim.endsAtMs - marginMs - graceSeconds * 1000;
}

function hasFittingGrace(pod: ReclaimedPod): boolean {
  return latestInstantMs(pod) >= pod.reclaim.noticedAtMs + pollMs;
}

function lowestIn(counts: readonly ReadyCount[], untilMs: number): number {
  return Math.min(...counts.filter(({ atMs }) => atMs < untilMs).map(({ ready }) => ready));
}

function spare({ reclaims }: ReclaimRun, pods: readonly ReclaimedPod[]): string {
  const left = reclaims.map(({ node, endsAtMs }) => {
    const ends = pods.filter((pod) => pod.node === node).map(({ goneAtMs = Infinity }) => goneAtMs);
    return (endsAtMs - Math.max(...ends)) / 1000;
  });
  return `${Math.min(...left).toFixed(1)} s`;
}
