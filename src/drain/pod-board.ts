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
  #isListed = false;
  /** Of owners, by uid, whose pods have landed since the first list: in which order, and how many were there at once. */
  #landed: Map<string, { readonly uids: string[]; mostAtOnce: number }> | undefined;

  /** What is on the node, as far as we know. */
  get present(): readonly PodView[] {
    const left = [...this.leaving.values()].filter(({ goneAt }) => goneAt === undefined);
    return [...left.map(({ planned }) => planned.pod), ...this.#others.values()];
  }

  /** Those that stay; one that was to may have gone all the same. */
  get staying(): readonly StayingPod[] {
    return this.#staying.filter(({ pod }) => !this.leaving.has(pod.uid) && this.#isPresent(pod.uid));
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
        this.#isListed = true;
        return true;
      }
    }
  }

  /** How many times its owner has put as many pods on the node as it had there; 0 where it was there from the start. */
  roundsOf({ uid, owner }: PodView): number {
    const landed = owner && this.#landed?.get(owner.uid);
    const which = landed ? landed.uids.indexOf(uid) + 1 : 0;
    return landed ? Math.ceil(which / landed.mostAtOnce) : 0;
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
    this.#staying = plan.staying.length === 0 ? none : plan.staying;
    for (const { pod } of plan.staying) {
      const leaving = this.leaving.get(pod.uid);
      if (leaving && waits(leaving)) this.letStay(leaving);
      // Whoever asks it looks at what it wishes now.
      else leaving?.backOff?.abort(notNeeded);
    }
    this.#allAtOnce = plan.allAtOnce;
    for (const planned of plan.leaving) {
      const known = this.leaving.get(planned.pod.uid);
      if (known) {
        // Its back-off ends at the latest instant, which is another one now.
        if (isEarlier(planned.askBy, known.planned.askBy)) known.backOff?.abort(notNeeded);
        // What has stopped since it was asked has finished for that.
        known.planned = known.isTerminating ? { ...planned, because: known.planned.because } : planned;
      } else {
        this.leaving.set(planned.pod.uid, newcomer(planned));
        this.#hasNewEnds ||= planned.pod.deletionAt !== undefined;
      }
    }
    this.#keepOthers(({ uid }) => !this.leaving.has(uid));
    this.#waiting = plan.leaving.flatMap(({ pod }) => this.leaving.get(pod.uid) ?? []).filter(waits);
  }

  /** It was to leave, until something about it has changed: it may not be on its way out. */
  letStay({ planned: { pod } }: LeavingPod): void {
    this.leaving.delete(pod.uid);
    this.#others = new Map([...this.#others, [pod.uid, pod]]);
  }

  /** It was to leave, and is to stay by the newest plan. */
  isToStay({ planned }: LeavingPod): boolean {
    return this.#staying.some(({ pod }) => pod.uid === planned.pod.uid);
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
    if (!before && this.#isListed && pod.owner) this.#land(pod.uid, pod.owner.uid);
    this.#others = new Map([...this.#others, [pod.uid, pod]]);
    return before === undefined || callsForPlan(before, pod);
  }

  #land(uid: string, owner: string): void {
    this.#landed ??= new Map();
    const landed = this.#landed.get(owner) ?? { uids: [], mostAtOnce: 1 };
    landed.uids.push(uid);
    // Those that shut down still are among them.
    const others = this.present.filter((pod) => pod.owner?.uid === owner).length;
    landed.mostAtOnce = Math.max(landed.mostAtOnce, others + 1);
    this.#landed.set(owner, landed);
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

  #isPresent(uid: string): boolean {
    const leaving = this.leaving.get(uid);
    return leaving ? leaving.goneAt === undefined : this.#others.has(uid);
  }

  #keepOthers(isKept: (pod: PodView) => boolean): void {
    const kept = [...this.#others].filter(([, pod]) => isKept(pod));
    this.#others = kept.length === 0 ? noOthers : new Map(kept);
  }
}

function isEarlier(askBy: Instant | undefined, before: Instant | undefined): boolean {
  return (askBy ?? Infinity) < (before ?? Infinity);
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
