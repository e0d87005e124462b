import { AbortableWait } from '../abortable-wait.ts';
import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Urgency } from './cluster.ts';
import { RequestPace, type RequestPaceOptions } from './request-pace.ts';

export interface RequestLanesOptions extends RequestPaceOptions {
  /** Requests of drains that are under way at the same time; as many again may be last calls. */
  readonly concurrency: number;
}

/** Requests that wait in a lane, and those of it that are under way. */
interface Lane {
  readonly waiting: Turn[];
  readonly concurrency: number;
  /** A request that takes so long hangs: what is more urgent has its place. */
  readonly hangsAfterMs: number;
  readonly running: Set<{ readonly order: number; readonly since: Instant }>;
}

/** Marks under way at the same time: few, small, and never behind a drain. */
export const markConcurrency = 10;

/** A drain's request that takes so long hangs. */
const drainHangsAfterMs = 5_000;

/** Among last calls each second is lost to a pod's shutdown. */
const lastCallHangsAfterMs = 1_000;

/** What tells of pods and has waited for so long is behind what hangs. */
const stuckAfterMs = 1_000;

/** Marks of which none starts or ends for so long don't go before drains any more. */
const markPatienceMs = 500;

/** What tells of the work: nobody waits for it. */
export const backgroundConcurrency = 2;

/**
 * The process-wide budget of API requests. Invariants: a mark never waits for a drain's request, and no drain's
 * request starts while marks wait, as long as these get on; last calls have places of their own, as many as drains,
 * and start before these, so that they never wait behind what hangs or is asked for in vain, and what tells of pods is
 * one of them, before all others, when it has waited for a second; among either the earliest deadline goes first, first
 * come first served within one, and is not held up by what hangs for a later one; what is in the background starts only
 * while nothing else waits, and where there is a rate it leaves half of the burst alone; while the server has asked for
 * a pause nothing starts.
 */
export class RequestLanes {
  readonly #clock: Clock;
  readonly #pace: RequestPace;
  readonly #marks = lane(markConcurrency, Infinity);
  readonly #lastCalls: Lane;
  readonly #drains: Lane;
  readonly #background = lane(backgroundConcurrency, Infinity);
  /** What tells of pods and waits in the drains' lane; with some that don't any more. */
  readonly #tellers: { readonly turn: Turn; readonly since: Instant }[] = [];
  /** When a mark last started or ended. */
  #marksGotOnAt = 0;
  /** When we look again. */
  #wakesAt: Instant = Infinity;

  constructor(options: RequestLanesOptions, modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    this.#lastCalls = lane(options.concurrency, lastCallHangsAfterMs);
    this.#drains = lane(options.concurrency, drainHangsAfterMs);
    this.#pace = new RequestPace(options, modules);
  }

  /** Runs `request` when its turn comes. @throws the signal's reason where it is aborted while waiting */
  async run<T>(urgency: Urgency, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    const turn = this.#turn(urgency, signal);
    const probed = await turn.promise;
    try {
      return await request();
    } finally {
      turn.lane.running.delete(turn);
      this.#note(turn.lane);
      this.#pace.ended(probed);
      this.#startDue();
    }
  }

  /** Nothing starts for `ms` from now. */
  pause(ms: number): void {
    this.#pace.pause(ms);
  }

  #laneOf(urgency: Urgency): Lane {
    if (urgency === 'mark') return this.#marks;
    if (urgency === 'background') return this.#background;
    return typeof urgency === 'object' && 'lastCall' in urgency ? this.#lastCalls : this.#drains;
  }

  #turn(urgency: Urgency, signal: AbortSignal): Turn {
    signal.throwIfAborted();
    const turn = new Turn(this.#laneOf(urgency), orderOf(urgency), signal);
    this.#startDue();
    if (turn.isWaiting && typeof urgency === 'object' && 'tellsOfPods' in urgency) {
      this.#tellers.push({ turn, since: this.#clock.now() });
      this.#wakeIn(stuckAfterMs);
    }
    return turn;
  }

  /** The oldest come first. */
  #moveStuck(): void {
    for (let [first] = this.#tellers; first; [first] = this.#tellers) {
      const { turn, since } = first;
      const leftMs = stuckAfterMs - Math.abs(this.#clock.now() - since);
      if (turn.isWaiting && leftMs > 0) {
        this.#wakeIn(leftMs);
        return;
      }
      this.#tellers.shift();
      if (turn.isWaiting) turn.moveTo(this.#lastCalls, -Infinity);
    }
  }

  #startDue(): void {
    this.#moveStuck();
    if (!this.#start(this.#marks, 0) || this.#areMarksFirst()) return;
    if (!this.#start(this.#lastCalls, 0) || !this.#start(this.#drains, 0)) return;
    if ([this.#marks, this.#lastCalls, this.#drains].some(({ waiting }) => waiting.length > 0)) return;
    this.#start(this.#background, this.#pace.halfOfBurst);
  }

  /** @returns whether others may start: not where the rate, or the server's pushback, holds this lane up */
  #start(lane: Lane, tokensToLeave: number): boolean {
    for (let [first] = lane.waiting; first && this.#hasPlace(lane, first); [first] = lane.waiting) {
      const waitMs = this.#pace.start(tokensToLeave);
      if (waitMs > 0) {
        this.#wakeIn(waitMs);
        return false;
      }
      first.since = this.#clock.now();
      lane.running.add(first);
      this.#note(lane);
      first.resolve(this.#pace.probed);
    }
    return true;
  }

  /** What hangs has given its place to those that are more urgent. */
  #hasPlace({ concurrency, hangsAfterMs, running }: Lane, { order }: Turn): boolean {
    let taken = running.size;
    if (taken < concurrency) return true;
    const now = this.#clock.now();
    for (const { order: other, since } of running) {
      // What tells of pods goes first, but what of it hangs lends its place too.
      if (other <= order && other !== -Infinity) continue;
      const leftMs = hangsAfterMs - Math.max(0, now - since);
      if (leftMs <= 0) taken -= 1;
      else this.#wakeIn(leftMs);
    }
    return taken < concurrency;
  }

  #note(lane: Lane): void {
    if (lane === this.#marks) this.#marksGotOnAt = this.#clock.now();
  }

  /** Hundreds of nodes are all marked before the pods of the first are asked; marks that hang hold nobody up. */
  #areMarksFirst(): boolean {
    if (this.#marks.waiting.length === 0) return false;
    const sinceMs = this.#clock.now() - this.#marksGotOnAt;
    if (sinceMs < 0 || sinceMs >= markPatienceMs) return false;
    this.#wakeIn(markPatienceMs - sinceMs);
    return true;
  }

  #wakeIn(ms: number): void {
    const at = this.#clock.now() + ms;
    if (at >= this.#wakesAt) return;
    this.#wakesAt = at;
    void this.#clock.sleep(ms).then(() => {
      // An earlier one may have come in between, and have set another.
      if (this.#wakesAt === at) this.#wakesAt = Infinity;
      this.#startDue();
    });
  }
}

function lane(concurrency: number, hangsAfterMs: number): Lane {
  return { waiting: [], concurrency, hangsAfterMs, running: new Set() };
}

/** A request that waits for its turn; told the pause whose end it tells, should it be the first after one. */
class Turn extends AbortableWait<number | undefined> {
  /** When it began. */
  since: Instant = Infinity;
  #lane: Lane;
  #order: number;

  constructor(lane: Lane, order: number, signal: AbortSignal) {
    super(signal);
    this.#lane = lane;
    this.#order = order;
    insertInOrder(lane.waiting, this);
  }

  get lane(): Lane {
    return this.#lane;
  }

  get order(): number {
    return this.#order;
  }

  get isWaiting(): boolean {
    return this.#lane.waiting.includes(this);
  }

  moveTo(lane: Lane, order: number): void {
    this.onEnd();
    this.#lane = lane;
    this.#order = order;
    insertInOrder(lane.waiting, this);
  }

  /** It does not wait any more. */
  protected override onEnd(): void {
    const { waiting } = this.#lane;
    const index = waiting.indexOf(this);
    if (index >= 0) waiting.splice(index, 1);
  }
}

/** Within its lane. */
function orderOf(urgency: Urgency): number {
  if (typeof urgency === 'object') return 'lastCall' in urgency ? urgency.lastCall : urgency.tellsOfPods;
  return typeof urgency === 'number' ? urgency : 0;
}

/** Keeps the lane sorted by `order`; equals stay in the order in which they came. */
function insertInOrder(lane: Turn[], waiting: Turn): void {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lane[middle]?.order ?? 0) <= waiting.order) low = middle + 1;
    else high = middle;
  }
  lane.splice(low, 0, waiting);
}
