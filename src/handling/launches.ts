import type { Clock } from '../clock.ts';
import type { Cancellation, Delivery, Outcome, ReleaseReason, Source } from '../interruption/delivery.ts';
import type { AsgLaunch, Instant, Interruption, LifecycleHook } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import { Change } from './change.ts';
import { DueWork } from './due-work.ts';

export interface LaunchesModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hooks: { complete(hook: LifecycleHook, stopping: AbortSignal): Promise<unknown> };
  /**
   * Waits until the kubelet reports the node as ready.
   * @returns false where the node is gone instead
   * @throws the signal's reason
   */
  readonly untilReady: (node: string, signal: AbortSignal) => Promise<boolean>;
  /** Told that it is. */
  readonly onReady: (node: string, launch: Interruption) => void;
}

/** A message that the queue still has comes again by itself within this; after it the node is looked up without. */
const patienceMs = 120_000;

/** Of so many launches at a time it is known that their nodes may join; of more only as long as their messages come. */
const mostExpected = 2_000;

/**
 * Instances that a group launches: its hook is completed once the instance's node is ready. A source as well: a queue may
 * drop a launch's message before the node joins, and there is no Node yet that could tell of it. Its message is given back
 * meanwhile, as the node may join another cluster.
 */
export class Launches implements Source {
  readonly name = 'launch';
  readonly #options: { readonly dryRun: boolean };
  readonly #modules: LaunchesModules;
  readonly #expected = new DueWork<{ readonly at: Instant; readonly launch: AsgLaunch }>();
  readonly #change = new Change();
  readonly #stopping = new AbortController();

  constructor(options: { readonly dryRun: boolean }, modules: LaunchesModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Its node is not there, and may still join. What is no launch is left to its message. */
  expect(item: Delivery | Cancellation): void {
    if (item.type === 'cancellation' || this.#options.dryRun) return;
    const { interruption: launch } = item;
    if (launch.kind !== 'ASG_LAUNCH_LIFECYCLE') return;
    this.#expected.delete(launch.id);
    if (this.#expected.size >= mostExpected) return;
    this.#expected.set(launch.id, { at: this.#modules.clock.now() + patienceMs, launch });
    this.#change.tell();
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    const { clock } = this.#modules;
    try {
      for (;;) {
        for (const [, { launch }] of this.#expected.take(clock.now())) {
          yield { type: 'interruption', interruption: launch, source: this.name, handle: undefined };
        }
        await this.#change.within(this.#expected.nextAt - clock.now(), clock, intake);
      }
    } catch (error) {
      if (!intake.aborted) throw error;
    } finally {
      this.#stopping.abort();
    }
  }

  async settle(item: Delivery | Cancellation, outcome: Outcome): Promise<void> {
    if (item.type === 'cancellation' || item.interruption.kind !== 'ASG_LAUNCH_LIFECYCLE') return;
    if (outcome !== 'ready' && outcome !== 'node-not-found') return;
    await this.#modules.hooks.complete(item.interruption.hook, this.#stopping.signal);
  }

  release(item: Delivery | Cancellation, reason: ReleaseReason = 'unfinished'): Promise<void> {
    if (reason === 'unfinished') this.expect(item);
    return Promise.resolve();
  }

  async follow(node: string, delivery: Delivery, source: Source, intake: AbortSignal): Promise<void> {
    const { logger, onReady, untilReady } = this.#modules;
    this.#expected.delete(delivery.interruption.id);
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
        // What has become of its instance is looked up when it comes again, or without it.
        this.expect(delivery);
        await source.release(delivery);
        return;
      }
    } catch (error) {
      await source.release(delivery);
      if (intake.aborted) return;
      throw error;
    }
    logger.info('The launched node is ready', fields);
    onReady(node, delivery.interruption);
    await source.settle(delivery, 'ready');
  }
}
