import { requestFor } from './plan.ts';
import { nameOf, type LeavingPod } from './leaving-pod.ts';
import { askedAt, type PodAskingModules } from './pod-asking.ts';

/** An end that is not worth a request to hasten it; a grace period has 1 s at least. */
const nearMs = 2_000;

/** A refused request is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/** Gives pods that shut down already, with more time than the machine has, what there is. */
export class PodShortening {
  readonly #modules: PodAskingModules;

  constructor(modules: PodAskingModules) {
    this.#modules = modules;
  }

  /** It has been given longer than the machine has. */
  isTooSlow({ isTerminating, goneAt, planned, shortenedFor }: LeavingPod): boolean {
    const { deadline, deadlineIsMachineEnd } = this.#modules.goal;
    const { deletionAt } = planned.pod;
    if (!isTerminating || goneAt !== undefined || deletionAt === undefined) return false;
    if (!deadlineIsMachineEnd || deadline === undefined || shortenedFor === deadline) return false;
    // Where the deadline has passed the machine lives on: what ends in a moment is left alone.
    return deletionAt > Math.max(deadline, this.#modules.clock.now() + nearMs);
  }

  /** Asking once more gives less time, and a budget has no say any more. @throws the reason of the drain's end */
  async shorten(pod: LeavingPod): Promise<void> {
    const modules = this.#modules;
    const { clock, cluster, ended, logger, policy } = modules;
    pod.shortenedFor = modules.goal.deadline;
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      const { gracePeriodSeconds } = requestFor(pod.planned, policy, modules.goal, clock.now(), false);
      const { answer } = await cluster.evict(pod.planned.pod, gracePeriodSeconds, modules.urgency, ended);
      if (answer === 'asked') {
        // What somebody else asked stays theirs.
        if (pod.asked) pod.asked = askedAt(pod.asked.at, pod, { by: pod.asked.by, gracePeriodSeconds });
        logger.debug('Pod given less time', { pod: nameOf(pod), seconds: gracePeriodSeconds });
        return;
      }
      if (answer === 'gone') return;
      await clock.sleep(backOffMs, ended);
      if (pod.goneAt !== undefined) return;
    }
  }
}
