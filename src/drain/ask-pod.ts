import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, EvictionAnswer } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { LeavingPod } from './pod-board.ts';

export interface AskingModules {
  readonly clock: Clock;
  readonly cluster: Pick<Cluster, 'evict'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
}

/** A refused eviction is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/**
 * Asks one pod to leave, again and again, until there is no more reason to.
 * @param urgency read before each try, for the deadline may move
 * @returns 'settled' where the pod has been asked, by us or by somebody else
 * @throws the reason of `pod.asking`
 */
export async function askPod(
  pod: LeavingPod,
  urgency: () => Instant,
  modules: AskingModules,
): Promise<'settled' | 'gone'> {
  const { clock, cluster, logger } = modules;
  const { signal } = pod.asking;
  const { namespace, name } = pod.planned.pod;
  for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
    const inDoubt = pod.sentAt;
    pod.sentAt ??= clock.now();
    const answer = await cluster.evict(pod.planned.pod, pod.planned.gracePeriodSeconds, urgency(), signal);
    if (!mayHaveWorked(answer)) pod.sentAt = inDoubt;
    if (answer.answer === 'gone') return 'gone';
    if (answer.answer === 'asked') {
      pod.askedAt = clock.now();
      pod.isTerminating = true;
      logger.debug('Pod asked to leave', { pod: `${namespace}/${name}` });
      return 'settled';
    }
    takeRefusal(pod, answer, modules);
    if (!needsAsking(pod)) return 'settled';
    await backOff(pod, backOffMs * (0.75 + Math.random() / 2), clock);
    if (!needsAsking(pod)) return 'settled';
  }
}

function takeRefusal(
  pod: LeavingPod,
  { cause, text }: EvictionAnswer & { answer: 'refused' },
  { logger, metrics }: AskingModules,
): void {
  const { namespace, name } = pod.planned.pod;
  metrics.evictionsRefused.inc({ cause });
  if (pod.refusal?.cause !== cause) {
    logger.info('Eviction refused, trying again', { pod: `${namespace}/${name}`, cause, text });
  }
  pod.refusal = { cause, text, times: (pod.refusal?.times ?? 0) + 1 };
}

/** Waits; not longer than until the pod is on its way out. */
async function backOff(pod: LeavingPod, ms: number, clock: Clock): Promise<void> {
  pod.backOff = new AbortController();
  await clock.sleep(ms, pod.backOff.signal).catch(() => {});
  pod.backOff = undefined;
}

/** Whether the pod may leave because of this request, though nobody said so. */
function mayHaveWorked(answer: EvictionAnswer): boolean {
  return answer.answer === 'asked' || (answer.answer === 'refused' && answer.cause === 'unavailable');
}

function needsAsking(pod: LeavingPod): boolean {
  return !pod.isTerminating && !pod.asking.signal.aborted;
}
