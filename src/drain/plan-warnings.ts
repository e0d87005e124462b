import type { PodView } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { graceSecondsOf, type DrainPlan, type DrainPolicy } from './plan.ts';

/** What operators are to know of a plan before anything comes of it; each thing once, however often it is planned. */
export class PlanWarnings {
  readonly #policy: DrainPolicy;
  readonly #logger: Logger;
  readonly #told = new Set<string>();
  #hasToldClamps = false;

  constructor(options: { readonly policy: DrainPolicy }, modules: { readonly logger: Logger }) {
    this.#policy = options.policy;
    this.#logger = modules.logger;
  }

  tell(plan: DrainPlan, pods: readonly PodView[]): void {
    this.#tellClamps(plan);
    this.#tellUnreadable(pods);
  }

  /** Once, for all the pods that it concerns. */
  #tellClamps({ leaving }: DrainPlan): void {
    const clamped = leaving.filter((it) => it.clampedToSeconds !== undefined);
    const [first] = clamped;
    if (!first || this.#hasToldClamps) return;
    this.#hasToldClamps = true;
    this.#logger.warn('Grace periods are cut, for they do not fit before the deadline', {
      pods: clamped.length,
      longest_seconds: graceSecondsOf(first.pod, this.#policy),
      cut_to_seconds: first.clampedToSeconds,
    });
  }

  /** Each annotation of ours that nobody can follow. */
  #tellUnreadable(pods: readonly PodView[]): void {
    for (const pod of pods) {
      for (const complaint of pod.wishes.unreadable) {
        if (this.#told.has(complaint)) continue;
        this.#told.add(complaint);
        this.#logger.warn(complaint, { pod: `${pod.namespace}/${pod.name}` });
      }
    }
  }
}
