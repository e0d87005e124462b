import { TimeLimit } from '../time-limit.ts';
import { remainingSeconds } from './plan.ts';
import { nameOf, type LeavingPod } from './leaving-pod.ts';
import { askedAt, type PodAskingModules } from './pod-asking.ts';

/** An end that is not worth a request to hasten it; a grace period has 1 s at least. */
const nearMs = 2_000;

/** An admission webhook may hang for longer than the pod has. */
const answerLimitMs = 5_000;

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
    const { clock, ended, logger } = modules;
    pod.shortenedFor = modules.goal.deadline;
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      const answer = await this.#put(pod);
      if (answer === undefined) {
        pod.shortenedFor = undefined;
        return;
      }
      if (answer !== 'gone' && answer !== 'refused') {
        // What somebody else asked stays theirs.
        if (pod.asked) {
          pod.asked = askedAt(pod.asked.at, pod, { by: pod.asked.by, gracePeriodSeconds: answer.seconds });
        }
        logger.debug('Pod given less time', { pod: nameOf(pod), seconds: answer.seconds });
        return;
      }
      if (answer === 'gone') return;
      await clock.sleep(backOffMs, ended);
      if (pod.goneAt !== undefined) return;
    }
  }

  /**
   * Evicted, or deleted where that hangs or is refused: of a pod that is on its way out neither asks a budget.
   * @returns undefined where the machine is not to end any more
   */
  async #put(pod: LeavingPod): Promise<{ readonly seconds: number } | 'gone' | 'refused' | undefined> {
    const { clock, cluster, ended, urgency } = this.#modules;
    // Each second that it waits is one that the machine does not have; pods that nobody has asked go before it.
    const lastCall = { lastCall: urgency + 1 };
    const evicting = this.#seconds;
    if (evicting === undefined) return undefined;
    const limit = new TimeLimit(clock, ended);
    try {
      // From when its turn has come.
      const onTurn = (): void => limit.restart(answerLimitMs);
      const { answer } = await cluster.evict(pod.planned.pod, evicting, lastCall, limit.signal, onTurn);
      if (answer !== 'refused') return answer === 'gone' ? 'gone' : { seconds: evicting };
    } catch {
      ended.throwIfAborted();
    } finally {
      limit.end();
    }
    const deleting = this.#seconds;
    if (deleting === undefined) return undefined;
    const { answer } = await cluster.deletePod(pod.planned.pod, deleting, lastCall, ended);
    return answer === 'asked' ? { seconds: deleting } : answer;
  }

  /** Always named in a request: where it is not, the API server leaves the pod the time that it has. */
  get #seconds(): number | undefined {
    const { clock, goal, policy } = this.#modules;
    return remainingSeconds(policy, goal, clock.now());
  }
}
