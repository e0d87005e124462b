import type { PodView } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { graceSecondsOf, type DrainPlan, type DrainPolicy } from './plan.ts';

const none: readonly string[] = Object.freeze([]);

/** What operators are to know of a plan before anything comes of it; each thing once, however often it is planned. */
export class PlanWarnings {
  readonly #modules: { readonly policy: DrainPolicy; readonly logger: Logger };
  #told: readonly string[] = none;
  #hasToldClamps = false;

  constructor(modules: { readonly policy: DrainPolicy; readonly logger: Logger }) {
    this.#modules = modules;
  }

  tell(plan: DrainPlan, pods: readonly PodView[]): void {
    this.#tellClamps(plan);
    this.#tellUnreadable(pods);
  }

  /** Once, for all the pods that it concerns. */
  #tellClamps({ leaving }: DrainPlan): void {
    const { logger, policy } = this.#modules;
    const clamped = leaving.filter((it) => it.clampedToSeconds !== undefined);
    const [first] = clamped;
    if (!first || this.#hasToldClamps) return;
    this.#hasToldClamps = true;
    logger.warn('Grace periods are cut, for they do not fit before the deadline', {
      pods: clamped.length,
      longest_seconds: graceSecondsOf(first.pod, policy),
      cut_to_seconds: first.clampedToSeconds,
    });
  }

  /** Each annotation of ours that nobody can follow. */
  #tellUnreadable(pods: readonly PodView[]): void {
    for (const pod of pods) {
      for (const complaint of pod.wishes.unreadable) {
        if (this.#told.includes(complaint)) continue;
        this.#told = [...this.#told, complaint];
        this.#modules.logger.warn(complaint, { pod: `${pod.namespace}/${pod.name}` });
      }
    }
  }
}
