import type { Delivery, Source } from '../interruption/delivery.ts';
import type { Logger } from '../logger.ts';

export interface LaunchesModules {
  readonly logger: Logger;
  /**
   * Waits until the kubelet reports the node as ready.
   * @returns false where the node is gone instead
   * @throws the signal's reason
   */
  readonly untilReady: (node: string, signal: AbortSignal) => Promise<boolean>;
}

/** Instances that a group launches: its hook is completed once the instance's node is ready. */
export class Launches {
  readonly #options: { readonly dryRun: boolean };
  readonly #modules: LaunchesModules;

  constructor(options: { readonly dryRun: boolean }, modules: LaunchesModules) {
    this.#options = options;
    this.#modules = modules;
  }

  async follow(node: string, delivery: Delivery, source: Source, intake: AbortSignal): Promise<void> {
    const { logger, untilReady } = this.#modules;
    const fields = { node, interruption_id: delivery.interruption.id, kind: delivery.interruption.kind };
    if (this.#options.dryRun) {
      logger.info(
        'The launch hook would have been completed once the node is ready, but dry-run flag was set',
        fields,
      );
      await source.settle(delivery, 'dry-run');
      return;
    }
    logger.info('Waiting for the launched node to be ready', fields);
    try {
      if (!(await untilReady(node, intake))) {
        logger.info('The launched node has gone without having been ready', fields);
        // What has become of its instance is looked up when it comes again.
        await source.release(delivery);
        return;
      }
    } catch (error) {
      await source.release(delivery);
      if (intake.aborted) return;
      throw error;
    }
    logger.info('The launched node is ready', fields);
    await source.settle(delivery, 'ready');
  }
}
