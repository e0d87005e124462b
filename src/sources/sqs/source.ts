import type { HookEnd } from '../../aws/lifecycle-hooks.ts';
import type { ClockSkew } from '../../clock-skew.ts';
import type { Clock } from '../../clock.ts';
import { errorText } from '../../error-text.ts';
import type { Health } from '../../health.ts';
import type { Cancellation, Delivery, Outcome, ReleaseReason, Source } from '../../interruption/delivery.ts';
import type { LifecycleHook } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { Outbox } from '../../interruption/outbox.ts';
import { backOffSeconds } from './back-off.ts';
import { Deletions } from './deletions.ts';
import { Loan, type HeldMessage } from './held-message.ts';
import { MessageDesk } from './message-desk.ts';
import { MessageMemory } from './message-memory.ts';
import { Outage, sourceName } from './outage.ts';
import type { Queue, ReceivedMessage } from './queue.ts';
import { Receivers } from './receivers.ts';
import type { Reading } from './signal.ts';
import { Visibility } from './visibility.ts';

export interface SqsSourceOptions {
  /** For how long a message that was received is hidden from others, each time. */
  readonly visibilitySeconds: number;
  /** No more are received while so many are worked for. */
  readonly mostHeld: number;
  readonly unprocessableMessages: 'leave' | 'delete';
  /** Nothing is deleted, no hook is completed. */
  readonly dryRun: boolean;
}

/** The hooks of Auto Scaling groups, as `LifecycleHooks` has them. */
export interface Hooks {
  keepOpen(hook: LifecycleHook, options?: { readonly isResumed?: boolean }): void;
  rest(hook: LifecycleHook): void;
  leave(hook: LifecycleHook): void;
  complete(hook: LifecycleHook, stopping?: AbortSignal): Promise<HookEnd>;
}

export interface SqsSourceModules {
  readonly queue: Queue;
  readonly hooks: Hooks;
  readonly instancesOfReservation: (reservationId: string, signal: AbortSignal) => Promise<readonly string[]>;
  readonly skew: ClockSkew;
  readonly clock: Clock;
  readonly health: Health;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told when the queue can't be read, as often as the log is. */
  readonly onTrouble?: ((monitor: 'SQS_MONITOR') => void) | undefined;
  /** From 0 up to, but not including, 1; spreads the tries. @default Math.random */
  readonly random?: () => number;
}

/** The ends after which the group may go on. After the others its hook is for somebody else to complete, or for nobody. */
const completing: ReadonlySet<Outcome> = new Set([
  'drained',
  'marked',
  'ready',
  'deadline-passed',
  'node-not-found',
]);

/**
 * Interruptions of all nodes, received from an SQS queue. A message is deleted when the work for all that it names is
 * done, and after its hook was completed; until then it is hidden from others, and whoever is given it after a crash
 * begins anew.
 */
export class SqsSource implements Source {
  readonly name = sourceName;
  readonly #options: SqsSourceOptions;
  readonly #modules: SqsSourceModules;
  readonly #held = new Map<string, HeldMessage>();
  readonly #memory = new MessageMemory();
  readonly #outbox = new Outbox<Delivery | Cancellation>();
  readonly #stopping = new AbortController();
  readonly #closed = new AbortController();
  readonly #visibility: Visibility;
  readonly #deletions: Deletions;
  readonly #desk: MessageDesk;
  readonly #receivers: Receivers;

  constructor(options: SqsSourceOptions, modules: SqsSourceModules) {
    this.#options = options;
    this.#modules = modules;
    const closed = this.#closed.signal;
    this.#visibility = new Visibility(options, { ...modules, held: () => this.#held.values(), closed });
    this.#deletions = new Deletions({ ...modules, stopping: this.#stopping.signal, closed });
    this.#desk = new MessageDesk(options, {
      ...modules,
      held: this.#held,
      memory: this.#memory,
      outbox: this.#outbox,
      deletions: this.#deletions,
      lookUp: (message, reading) => void this.#lookUp(message, reading),
    });
    const condition = modules.health.condition('queue', 'has not answered yet');
    this.#receivers = new Receivers(options, {
      ...modules,
      outage: new Outage({ ...modules, condition }),
      room: () => options.mostHeld - this.#held.size,
      take: (messages) => this.#take(messages),
    });
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery | Cancellation, void, undefined> {
    this.#modules.log.info('Started monitoring for events', { monitor_type: 'SQS_MONITOR' });
    const ended = new AbortController();
    const signal = AbortSignal.any([intake, ended.signal, this.#closed.signal]);
    const receiving = this.#receivers.run(signal);
    try {
      for (;;) {
        const item = await this.#outbox.take(signal);
        if (item === undefined) return;
        this.#begin(item);
        yield item;
      }
    } finally {
      this.#stopping.abort();
      ended.abort();
      await receiving;
      const released = [...this.#held.values()].filter((message) => message.isReleased);
      await Promise.all([
        ...released.map((message) => this.#handOver(message)),
        ...this.#outbox.drain().map((item) => this.release(item)),
      ]);
    }
  }

  async settle(item: Delivery | Cancellation, outcome: Outcome): Promise<void> {
    const { handle: loan } = item;
    if (!(loan instanceof Loan) || !loan.giveBack()) return;
    const { message, interruptionId } = loan;
    if (outcome === 'dry-run' || this.#options.dryRun) message.isRehearsed = true;
    else if (await this.#isHookDone(item, outcome)) message.progress.finished(interruptionId);
    else message.release(item);
    await this.#giveBack(message);
  }

  async release(item: Delivery | Cancellation, reason: ReleaseReason = 'unfinished'): Promise<void> {
    const { handle: loan } = item;
    if (!(loan instanceof Loan) || !loan.giveBack()) return;
    const { message, interruptionId } = loan;
    message.release(item);
    const hook = hookOf(item);
    if (hook && reason === 'not-ours') this.#modules.hooks.leave(hook);
    else if (hook) this.#modules.hooks.rest(hook);
    await this.#giveBack(message, backOffSeconds(message.progress.released(interruptionId), reason));
  }

  /** Ends everything where it stands: what was not settled comes again. */
  close(): void {
    this.#stopping.abort();
    this.#closed.abort();
  }

  #take(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) this.#desk.take(message);
    this.#heldChanged();
    this.#visibility.keep();
  }

  #begin(item: Delivery | Cancellation): void {
    const hook = hookOf(item);
    if (hook === undefined || this.#options.dryRun) return;
    // A launch is short: the group's own timeout does.
    if (item.type === 'interruption' && item.interruption.kind === 'ASG_LIFECYCLE') {
      const { handle: loan } = item;
      const isResumed = loan instanceof Loan && loan.message.receiveCount > 1;
      this.#modules.hooks.keepOpen(hook, { isResumed });
    }
  }

  /** @returns false where the hook is still to be completed */
  async #isHookDone(item: Delivery | Cancellation, outcome: Outcome): Promise<boolean> {
    const { hooks } = this.#modules;
    const hook = hookOf(item);
    if (hook === undefined) return true;
    if (completing.has(outcome)) return (await hooks.complete(hook, this.#stopping.signal)) !== 'stopped';
    hooks.leave(hook);
    return true;
  }

  /**
   * One of its loans.
   * @param afterSeconds when the work for it is to be tried again; undefined where it is done
   */
  async #giveBack(message: HeldMessage, afterSeconds?: number): Promise<void> {
    const isLast = message.giveBack();
    if (!message.isReleased) {
      if (isLast) await this.#conclude(message);
    } else if (this.#stopping.signal.aborted) {
      await this.#handOver(message);
    } else {
      // What was released is lent again when the message comes again, here or to another; the rest goes on.
      if (isLast) this.#leave(message);
      if (afterSeconds === undefined) return;
      // Should this process die, another is given soon what is still worked for.
      const longestSeconds = isLast ? Infinity : this.#options.visibilitySeconds;
      await this.#show(message, Math.min(afterSeconds, longestSeconds));
    }
  }

  /** The work for all that the message names is done. */
  async #conclude(message: HeldMessage): Promise<void> {
    if (message.isRehearsed) {
      this.#memory.left(message.id);
    } else {
      // Known before it is gone: it may come again meanwhile.
      this.#memory.settled(message.id);
      this.#modules.metrics.queueMessages.inc({ event: 'settled' });
      await this.#deletions.delete(message);
    }
    this.#forget(message);
  }

  /** What we are not to begin any more is another's at once. It may do again what goes on here, which is harmless. */
  async #handOver(message: HeldMessage): Promise<void> {
    // Once: another may have it by the next time.
    if (this.#held.get(message.id) !== message) return;
    this.#leave(message);
    await this.#show(message, 0);
  }

  /** Its work is not done, and nobody here works for it now. */
  #leave(message: HeldMessage): void {
    this.#memory.unfinished(message.id, message.progress);
    this.#forget(message);
  }

  /** Lets it come again after so long, whether it is still worked for or not. */
  async #show(message: HeldMessage, seconds: number): Promise<void> {
    const { clock, metrics } = this.#modules;
    if (!message.show(clock.now() + seconds * 1000)) return;
    metrics.queueMessages.inc({ event: 'released' });
    await this.#visibility.show(message, seconds);
  }

  #forget({ id }: HeldMessage): void {
    this.#held.delete(id);
    this.#heldChanged();
    this.#receivers.roomMade();
  }

  async #lookUp(
    message: HeldMessage,
    { reservationId, signal }: Extract<Reading, { type: 'reservation' }>,
  ): Promise<void> {
    const { instancesOfReservation, log } = this.#modules;
    try {
      const instanceIds = await instancesOfReservation(reservationId, this.#stopping.signal);
      if (!this.#desk.lend(message, instanceIds.map(signal))) {
        message.isRehearsed = this.#options.dryRun;
        await this.#conclude(message);
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        log.warn('Cannot look up the instances of a capacity reservation, trying again', {
          reservation_id: reservationId,
          error: errorText(error),
        });
      }
      const releases = message.progress.released(message.id);
      this.#leave(message);
      await this.#show(message, this.#stopping.signal.aborted ? 0 : backOffSeconds(releases, 'unfinished'));
    }
  }

  #heldChanged(): void {
    const { clock, metrics, skew } = this.#modules;
    metrics.queueMessagesHeld.set(this.#held.size);
    let oldest = Infinity;
    for (const { sentAt, heldSince } of this.#held.values()) {
      oldest = Math.min(oldest, sentAt === undefined ? heldSince : skew.toLocal(sentAt));
    }
    metrics.queueOldestMessageAge.set(oldest === Infinity ? 0 : Math.max(0, (clock.now() - oldest) / 1000));
  }
}

function hookOf(item: Delivery | Cancellation): LifecycleHook | undefined {
  if (item.type === 'cancellation') return undefined;
  const { interruption } = item;
  return interruption.kind === 'ASG_LIFECYCLE' || interruption.kind === 'ASG_LAUNCH_LIFECYCLE'
    ? interruption.hook
    : undefined;
}
