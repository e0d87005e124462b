import { DaemonSets } from '../drain/daemon-sets.ts';
import { planDrain, type DrainGoal, type DrainPolicy } from '../drain/plan.ts';
import { stayingProgress, waitingProgress, type PodProgress } from '../drain/pod-progress.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Response } from '../interruption/policy.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { LogFields, Logger } from '../logger.ts';

/** Rehearsals wait behind everything that is meant. */
const rehearsalUrgency = Number.MAX_SAFE_INTEGER;

/** Dry run: says line by line what would be done. Reads pods, writes nothing. */
export async function rehearse(
  options: {
    readonly node: string;
    readonly response: Response;
    readonly policy: DrainPolicy;
    readonly goal: DrainGoal;
    readonly now: Instant;
    readonly story: LogFields;
  },
  modules: {
    readonly cluster: Cluster;
    readonly logger: Logger;
    readonly onPods: (pods: readonly PodProgress[]) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { node, response, policy, goal, now, story } = options;
  const { cluster, logger, onPods } = modules;
  logger.info('Node would have been marked, but dry-run flag was set', story);
  if (response === 'mark') {
    logger.info('Node would have been cordoned, but dry-run flag was set.', story);
    return;
  }
  try {
    const { pods } = await cluster.podsOn(node, rehearsalUrgency, signal);
    const daemonSets = new DaemonSets(cluster);
    await Promise.all(daemonSets.check(pods, rehearsalUrgency, signal));
    const { leaving, staying } = planDrain(pods, policy, goal, daemonSets.deleted, now);
    onPods([...leaving.map(waitingProgress), ...staying.map(stayingProgress)]);
    for (const { pod, because } of leaving) {
      logger.info('Pod would have been evicted, but dry-run flag was set', {
        pod: `${pod.namespace}/${pod.name}`,
        because,
      });
    }
    for (const { pod, because } of staying) {
      logger.info('Pod would have stayed', { pod: `${pod.namespace}/${pod.name}`, because });
    }
  } catch (error) {
    signal.throwIfAborted();
    logger.error('Cannot list the pods that would have been evicted', { error });
  }
  logger.info('Node would have been cordoned and drained, but dry-run flag was set.', story);
}
