import type { Instant } from '../interruption/interruption.ts';
import type { PodChange, PodView, RefusalCause } from '../kubernetes/cluster.ts';
import type { PlannedPod, StayingPod, DrainPlan } from './plan.ts';
import type { PodOutcome, PodRecord } from './report.ts';

/** A pod that is to leave, and how far it has come. */
export interface LeavingPod {
  planned: PlannedPod;
  /** When our eviction was sent, until it is known to be refused: its answer may come late, or be lost. */
  sentAt: Instant | undefined;
  /** When the API server accepted our eviction. */
  askedAt: Instant | undefined;
  /** It has been asked, by us or by somebody else. */
  isTerminating: boolean;
  goneAt: Instant | undefined;
  refusal: { cause: RefusalCause; text: string; times: number } | undefined;
  /** Aborted when there is no more reason to ask. */
  readonly asking: AbortController;
  /** Aborted to try again, or give up, before the back-off is over. */
  backOff: AbortController | undefined;
}

/**
 * Every pod that was seen on the node during the drain, by uid. Invariants: a pod that is gone never comes
 * back (a successor has another uid), and `leaving` never shrinks, so the report misses nobody.
 */
export class PodBoard {
  readonly leaving = new Map<string, LeavingPod>();
  readonly #pods = new Map<string, PodView>();
  readonly #gone = new Set<string>();
  #staying: readonly StayingPod[] = [];

  /** What is on the node, as far as we know. */
  get present(): readonly PodView[] {
    return [...this.#pods.values()];
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
        for (const uid of this.#pods.keys()) if (!uids.has(uid)) this.gone(uid, now);
        for (const pod of change.pods) this.#present(pod);
        return true;
      }
    }
  }

  /** The pod exists no more. */
  gone(uid: string, now: Instant): void {
    this.#gone.add(uid);
    this.#pods.delete(uid);
    const pod = this.leaving.get(uid);
    if (!pod) return;
    pod.goneAt ??= now;
    // What else should have made it go.
    pod.askedAt ??= pod.sentAt;
    pod.asking.abort();
    pod.backOff?.abort();
  }

  /** Takes in a plan for the pods that are present. @returns those that have to be asked and were not before */
  plan(plan: DrainPlan): LeavingPod[] {
    this.#staying = plan.staying;
    const toAsk: LeavingPod[] = [];
    for (const planned of plan.leaving) {
      const known = this.leaving.get(planned.pod.uid);
      if (known) {
        known.planned = planned;
        continue;
      }
      const pod: LeavingPod = {
        planned,
        sentAt: undefined,
        askedAt: undefined,
        isTerminating: planned.pod.deletionAt !== undefined,
        goneAt: undefined,
        refusal: undefined,
        asking: new AbortController(),
        backOff: undefined,
      };
      this.leaving.set(planned.pod.uid, pod);
      if (!pod.isTerminating) toAsk.push(pod);
    }
    return toAsk;
  }

  get isEmpty(): boolean {
    for (const pod of this.leaving.values()) if (pod.goneAt === undefined) return false;
    return true;
  }

  get isSpoilt(): boolean {
    return this.#stillStaying.some((pod) => pod.spoilsDrain);
  }

  records(): PodRecord[] {
    const left = [...this.leaving.values()].map((pod) => record(pod.planned, outcomeOf(pod), pod));
    const stayed = this.#stillStaying.map((pod) =>
      record(pod, pod.spoilsDrain ? 'kept' : 'stays', undefined),
    );
    return [...left, ...stayed];
  }

  /** A pod that was to stay may have gone all the same. */
  get #stillStaying(): readonly StayingPod[] {
    return this.#staying.filter(({ pod }) => this.#pods.has(pod.uid));
  }

  #present(pod: PodView): boolean {
    if (this.#gone.has(pod.uid)) return false;
    const before = this.#pods.get(pod.uid);
    this.#pods.set(pod.uid, pod);
    const leaving = this.leaving.get(pod.uid);
    if (leaving && pod.deletionAt !== undefined) {
      leaving.isTerminating = true;
      leaving.askedAt ??= leaving.sentAt;
      leaving.backOff?.abort();
    }
    return before === undefined || before.phase !== pod.phase;
  }
}

function outcomeOf(pod: LeavingPod): PodOutcome {
  if (pod.goneAt !== undefined) return pod.askedAt === undefined ? 'left' : 'evicted';
  return pod.isTerminating ? 'terminating' : 'refused';
}

function record(
  { pod, because }: { readonly pod: PodView; readonly because: string },
  outcome: PodOutcome,
  progress: LeavingPod | undefined,
): PodRecord {
  return {
    namespace: pod.namespace,
    name: pod.name,
    owner: pod.owner && `${pod.owner.kind}/${pod.owner.name}`,
    because,
    askedAt: progress?.askedAt,
    goneAt: progress?.goneAt,
    outcome,
    refusal: progress?.refusal,
  };
}
