import type { Clock } from '../clock.ts';
import { DaemonSets } from '../drain/daemon-sets.ts';
import { planDrain, type DrainPolicy } from '../drain/plan.ts';
import { stayingProgress, waitingProgress } from '../drain/pod-progress.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Mandate } from './mandate.ts';
import type { WorkflowStory } from './workflow-story.ts';
import type { WorkflowTelling } from './workflow-telling.ts';

/** Rehearsals wait behind everything that is meant. */
const rehearsalUrgency = Number.MAX_SAFE_INTEGER;

/** Dry run: says line by line what would be done. Reads pods, writes nothing. */
export async function rehearse(
  { node, policy }: { readonly node: string; readonly policy: DrainPolicy },
  modules: {
    readonly clock: Clock;
    readonly cluster: Cluster;
    readonly logger: Logger;
    readonly mandate: Mandate;
    readonly story: WorkflowStory;
    readonly telling: WorkflowTelling;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, cluster, logger, mandate, telling } = modules;
  const { goal, decision } = mandate;
  const { fields: story } = modules.story;
  logger.info('Node would have been marked, but dry-run flag was set', story);
  if (decision.response === 'mark') {
    logger.info('Node would have been cordoned, but dry-run flag was set.', story);
    return;
  }
  try {
    const { pods } = await cluster.podsOn(node, rehearsalUrgency, signal);
    const daemonSets = new DaemonSets(modules);
    await Promise.all(daemonSets.check(pods, rehearsalUrgency, signal));
    const { leaving, staying } = planDrain(pods, policy, goal, daemonSets.deleted, clock.now());
    telling.tell({ type: 'pods', pods: [...leaving.map(waitingProgress), ...staying.map(stayingProgress)] });
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
