import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, PodRef } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { WorkflowNews, WorkflowObserver, WorkflowSummary } from './workflow-observer.ts';

export interface DepartureOptions {
  readonly node: string;
  readonly pod: { readonly name: string; readonly namespace: string };
}

export interface DepartureModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
}

/** This long before the machine's end at the latest: another pod has to take over, and we have to stop in order. */
const leadMs = 20_000;

const againMs = 1_000;

/** A budget of our own pods is respected for so long. */
const budgetPatienceMs = 10_000;

/**
 * The daemon's own pod, which no drain of its own moves, leaves its node last: when the node's drain has ended, or
 * when its machine is about to. Its ReplicaSet then starts another one elsewhere at once, and not minutes after the
 * machine has gone.
 */
export class Departure implements WorkflowObserver {
  readonly name = 'departure';
  readonly #options: DepartureOptions;
  readonly #modules: DepartureModules;
  readonly #leaving = Promise.withResolvers<void>();
  #leaveBy: Instant | undefined;

  constructor(options: DepartureOptions, modules: DepartureModules) {
    this.#options = options;
    this.#modules = modules;
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary): void {
    if (workflow.node !== this.#options.node || workflow.dryRun) return;
    if (news.type === 'ended') {
      if (news.outcome === 'drained' || news.outcome === 'deadline-passed') this.#leaving.resolve();
      return;
    }
    const { deadline, deadlineIsMachineEnd } = workflow;
    if (!deadlineIsMachineEnd || deadline === undefined) return;
    const leaveBy = deadline - leadMs;
    if (this.#leaveBy !== undefined && this.#leaveBy <= leaveBy) return;
    this.#leaveBy = leaveBy;
    this.#modules.clock.sleep(Math.max(0, leaveBy - this.#modules.clock.now())).then(
      () => {
        if (this.#leaveBy === leaveBy) this.#leaving.resolve();
      },
      () => {},
    );
  }

  /** Waits until the pod is to leave, and asks for that until it is stopped. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#modules;
    try {
      await unlessAborted(this.#leaving.promise, signal);
      logger.info('This pod leaves its node last, for another one to take over', {
        node: this.#options.node,
      });
      const startedAt = clock.now();
      for (;;) {
        if (await this.#ask(clock.now() - startedAt > budgetPatienceMs, signal)) return;
        await clock.sleep(againMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) logger.error('Cannot move this pod off its node', { error });
    }
  }

  /** @returns whether it was heard */
  async #ask(isForced: boolean, signal: AbortSignal): Promise<boolean> {
    const { cluster, logger } = this.#modules;
    try {
      const pod = await this.#find(signal);
      if (!pod) return true;
      const urgency = 'mark';
      const { answer } = isForced
        ? await cluster.deletePod(pod, undefined, urgency, signal)
        : await cluster.evict(pod, undefined, urgency, signal);
      return answer !== 'refused';
    } catch (error) {
      signal.throwIfAborted();
      logger.debug('Cannot ask for this pod to leave, trying again', { error });
      return false;
    }
  }

  async #find(signal: AbortSignal): Promise<PodRef | undefined> {
    const { node, pod } = this.#options;
    const { pods } = await this.#modules.cluster.podsOn(node, 'mark', signal);
    return pods.find(({ name, namespace }) => name === pod.name && namespace === pod.namespace);
  }
}
