import type { PodProgress } from '../drain/pod-progress.ts';
import type { Instant } from '../interruption/interruption.ts';
import { shortened } from './shortened.ts';
import { podStates, type BlockStatus, type PodState, type PodStatus } from './document.ts';

/** Names in a block; the others are counted. */
const namesPerBlock = 3;
/** Different reasons that are listed; a budget is one. */
const mostBlocks = 8;

/**
 * The pods of one drain under way. Of each that is still there its state is known; in full only some: a node has up to
 * 250 pods, and a burst 500 nodes. Which pods hold a drain up is what people look for, so those come first.
 */
export class RunningPods {
  /** By uid: all of it, or how far it has come; nothing of those that are gone and of which not all is kept. */
  readonly #pods = new Map<string, PodProgress | PodState>();
  #keptCount = 0;
  readonly #counts: Record<PodState, number> = {
    waiting: 0,
    asking: 0,
    refused: 0,
    terminating: 0,
    gone: 0,
    stays: 0,
    kept: 0,
  };

  /** @param limit how many are known in full from now on */
  observe(pods: readonly PodProgress[], limit: number): void {
    for (const pod of pods) {
      const before = this.#pods.get(pod.uid);
      if (before !== undefined) this.#counts[stateOf(before)] -= 1;
      this.#counts[pod.state] += 1;
      this.#take(pod, typeof before === 'object', limit);
    }
    while (this.#keptCount > limit) this.#shorten(this.#leastWanted);
  }

  get counts(): Readonly<Record<PodState, number>> {
    return { ...this.#counts };
  }

  /** Pods that spoil or hold up the drain. */
  get isBlocked(): boolean {
    return this.#counts.refused > 0 || this.#counts.kept > 0;
  }

  /** Those that hold the drain up first, then by how far they are. */
  get listed(): readonly PodStatus[] {
    return [...this.#kept()].sort(byConcern).map(statusOf);
  }

  get notListed(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0) - this.#keptCount;
  }

  get blocks(): readonly BlockStatus[] {
    const groups = new Map<string, PodProgress[]>();
    for (const pod of this.#kept()) {
      if (pod.state !== 'refused' && pod.state !== 'kept') continue;
      const reason = pod.state === 'kept' ? `kept: ${pod.because}` : pod.because;
      groups.set(reason, [...(groups.get(reason) ?? []), pod]);
    }
    const blocks = [...groups].slice(0, mostBlocks).map(([reason, pods]) => ({
      reason: shortened(reason),
      podCount: pods.length,
      pods: pods.slice(0, namesPerBlock).map(({ namespace, name }) => `${namespace}/${name}`),
      askBy: earliest(pods.map(({ askBy }) => askBy)),
    }));
    const told = blocks.reduce((sum, { podCount }) => sum + podCount, 0);
    const others = this.#counts.refused + this.#counts.kept - told;
    if (others <= 0) return blocks;
    return [
      ...blocks,
      { reason: 'held as well, for reasons not listed', podCount: others, pods: [], askBy: undefined },
    ];
  }

  #take(pod: PodProgress, isKept: boolean, limit: number): void {
    if (!isKept) this.#keptCount += 1;
    this.#pods.set(pod.uid, pod);
    if (isKept || this.#keptCount <= limit) return;
    // Of two that are equal the one that was known before stays.
    const least = this.#leastWanted;
    this.#shorten(least && byConcern(pod, least) < 0 ? least : pod);
  }

  /** Of this one only its state is known from now on. */
  #shorten(pod: PodProgress | undefined): void {
    if (!pod) return;
    this.#keptCount -= 1;
    // It never comes back, so that it need not be known any more.
    if (pod.state === 'gone') this.#pods.delete(pod.uid);
    else this.#pods.set(pod.uid, pod.state);
  }

  *#kept(): Generator<PodProgress> {
    for (const pod of this.#pods.values()) if (typeof pod === 'object') yield pod;
  }

  get #leastWanted(): PodProgress | undefined {
    let least: PodProgress | undefined;
    for (const pod of this.#kept()) if (!least || byConcern(pod, least) > 0) least = pod;
    return least;
  }
}

function stateOf(pod: PodProgress | PodState): PodState {
  return typeof pod === 'object' ? pod.state : pod;
}

function byConcern(a: PodProgress, b: PodProgress): number {
  return podStates.indexOf(a.state) - podStates.indexOf(b.state);
}

function statusOf(pod: PodProgress): PodStatus {
  const { namespace, name, owner, state, because } = pod;
  const { askBy, askedAt, killedAt, clampedToSeconds, refusals } = pod;
  return {
    namespace,
    name,
    owner,
    state,
    because: shortened(because),
    askBy,
    askedAt,
    killedAt,
    clampedToSeconds,
    refusals,
  };
}

function earliest(instants: readonly (Instant | undefined)[]): Instant | undefined {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
