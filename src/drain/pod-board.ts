import { isDeepStrictEqual } from 'node:util';
import type { Instant } from '../interruption/interruption.ts';
import { notNeeded } from '../not-needed.ts';
import type { PodChange, PodView } from '../kubernetes/cluster.ts';
import { newcomer, waits, type LeavingPod } from './leaving-pod.ts';
import { isDue, tiers, type DrainPlan, type StayingPod, type Tier } from './plan.ts';

const none: readonly never[] = Object.freeze([]);
const noOthers: ReadonlyMap<string, PodView> = new Map();

/**
 * Every pod that was seen on the node during the drain, by uid. Invariants: a pod that is gone never comes back (a
 * successor has another uid), and each is either in `leaving` or in `staying`, so the report misses nobody. One that
 * has been asked stays in `leaving`, whatever a later plan says.
 */
export class PodBoard {
  readonly leaving = new Map<string, LeavingPod>();
  /** Those that are there and are not to leave, as far as is known. */
  #others: ReadonlyMap<string, PodView> = noOthers;
  /** Those that were there and were not to leave. */
  #othersGone: readonly string[] = none;
  #waiting: readonly LeavingPod[] = none;
  #allAtOnce = false;
  #staying: readonly StayingPod[] = none;
  #hasNewEnds = false;

  /** What is on the node, as far as we know. */
  get present(): readonly PodView[] {
    const left = [...this.leaving.values()].filter(({ goneAt }) => goneAt === undefined);
    return [...left.map(({ planned }) => planned.pod), ...this.#others.values()];
  }

  /** Those that stay; one that was to may have gone all the same. */
  get staying(): readonly StayingPod[] {
    return this.#staying.filter(({ pod }) => this.#isPresent(pod.uid));
  }

  /** Pods whose turn has come, and of which the API server has said neither yes nor no. */
  get unanswered(): number {
    let count = 0;
    for (const { isBegun, asked, refusal, isTerminating, goneAt } of this.leaving.values()) {
      if (isBegun && !asked && !refusal && !isTerminating && goneAt === undefined) count += 1;
    }
    return count;
  }

  /** Takes in a change of the node's pods. @returns whether it calls for a new plan */
  observe(change: PodChange, now: Instant): boolean {
    switch (change.type) {
      case 'present':
        return this.#present(change.pod);
      case 'gone':
        this.gone(change.uid, now);
        return false;
      case 'all': {
        const uids = new Set(change.pods.map((pod) => pod.uid));
        for (const { uid } of this.present) if (!uids.has(uid)) this.gone(uid, now);
        for (const pod of change.pods) this.#present(pod);
        return true;
      }
    }
  }

  /** The pod exists no more. */
  gone(uid: string, now: Instant): void {
    const pod = this.leaving.get(uid);
    if (!pod) {
      this.#othersGone = [...this.#othersGone, uid];
      this.#keepOthers((other) => other.uid !== uid);
      return;
    }
    pod.goneAt ??= now;
    // What else should have made it go.
    pod.asked ??= pod.sent;
    pod.onGone?.();
    pod.backOff?.abort(notNeeded);
  }

  /** Takes in a plan for the pods that are present. */
  plan(plan: DrainPlan): void {
    for (const { pod } of plan.staying) this.#letStay(pod);
    const staying = plan.staying.filter(({ pod }) => !this.leaving.has(pod.uid));
    this.#staying = staying.length === 0 ? none : staying;
    this.#allAtOnce = plan.allAtOnce;
    for (const planned of plan.leaving) {
      const known = this.leaving.get(planned.pod.uid);
      if (known) known.planned = planned;
      else {
        this.leaving.set(planned.pod.uid, newcomer(planned));
        this.#hasNewEnds ||= planned.pod.deletionAt !== undefined;
      }
    }
    this.#keepOthers(({ uid }) => !this.leaving.has(uid));
    this.#waiting = plan.leaving.flatMap(({ pod }) => this.leaving.get(pod.uid) ?? []).filter(waits);
  }

  /** Those whose turn has come just now, in the plan's order. */
  takeDue(now: Instant): readonly LeavingPod[] {
    if (this.#waiting.length === 0) return [];
    const { tiersLeft } = this;
    const plan = { allAtOnce: this.#allAtOnce };
    const due = this.#waiting.filter((pod) => waits(pod) && isDue(pod.planned, plan, tiersLeft, now));
    for (const pod of due) pod.isBegun = true;
    const waiting = this.#waiting.filter(waits);
    this.#waiting = waiting.length === 0 ? none : waiting;
    return due;
  }

  /** Whether a pod was given another time for its end since the last call. */
  takeNewEnds(): boolean {
    const has = this.#hasNewEnds;
    this.#hasNewEnds = false;
    return has;
  }

  /** Cuts off what is under way. */
  stopAsking(): void {
    for (const pod of this.leaving.values()) {
      pod.asking?.abort(notNeeded);
      pod.backOff?.abort(notNeeded);
    }
  }

  get isEmpty(): boolean {
    for (const pod of this.leaving.values()) if (pod.goneAt === undefined) return false;
    return true;
  }

  get isSpoilt(): boolean {
    return this.staying.some((pod) => pod.spoilsDrain);
  }

  /** Of which a pod is still there. */
  get tiersLeft(): ReadonlySet<Tier> {
    const left = new Set<Tier>();
    for (const pod of this.leaving.values()) {
      if (pod.goneAt === undefined) left.add(pod.planned.tier);
      if (left.size === tiers.length) break;
    }
    return left;
  }

  #present(pod: PodView): boolean {
    const leaving = this.leaving.get(pod.uid);
    if (leaving?.goneAt !== undefined || this.#othersGone.includes(pod.uid)) return false;
    if (leaving) return this.#update(leaving, pod);
    const before = this.#others.get(pod.uid);
    this.#others = new Map([...this.#others, [pod.uid, pod]]);
    return before === undefined || callsForPlan(before, pod);
  }

  #update(leaving: LeavingPod, pod: PodView): boolean {
    const before = leaving.planned.pod;
    // In place of the one before: for hundreds of nodes the two are MBs.
    leaving.planned = { ...leaving.planned, pod: sharing(before, pod) };
    if (pod.deletionAt !== undefined) {
      this.#hasNewEnds ||= before.deletionAt !== pod.deletionAt;
      leaving.isTerminating = true;
      leaving.asked ??= leaving.sent;
      leaving.backOff?.abort(notNeeded);
    }
    return callsForPlan(before, pod);
  }

  /** It was to leave, until something about it has changed: it may not have been asked yet. */
  #letStay(pod: PodView): void {
    const leaving = this.leaving.get(pod.uid);
    if (!leaving || !waits(leaving)) return;
    this.leaving.delete(pod.uid);
    this.#others = new Map([...this.#others, [pod.uid, pod]]);
  }

  #isPresent(uid: string): boolean {
    const leaving = this.leaving.get(uid);
    return leaving ? leaving.goneAt === undefined : this.#others.has(uid);
  }

  #keepOthers(isKept: (pod: PodView) => boolean): void {
    const kept = [...this.#others].filter(([, pod]) => isKept(pod));
    this.#others = kept.length === 0 ? noOthers : new Map(kept);
  }
}

/** What a plan rests on is not what it was. */
function callsForPlan(before: PodView, pod: PodView): boolean {
  return before.phase !== pod.phase || !isDeepStrictEqual(before.wishes, pod.wishes);
}

/** The same pod later; what has not changed is the same object, since those who look on hold on to it. */
function sharing(before: PodView, pod: PodView): PodView {
  const isSame = isDeepStrictEqual(before.labels, pod.labels);
  return isSame ? { ...pod, uid: before.uid, name: before.name, labels: before.labels } : pod;
}
