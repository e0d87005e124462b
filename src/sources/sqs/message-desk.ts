import type { ClockSkew } from '../../clock-skew.ts';
import type { Clock } from '../../clock.ts';
import type { Cancellation, Delivery } from '../../interruption/delivery.ts';
import type { Instant } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import type { Outbox } from '../../interruption/outbox.ts';
import type { Deletions } from './deletions.ts';
import { HeldMessage } from './held-message.ts';
import type { MessageMemory } from './message-memory.ts';
import { sourceName } from './outage.ts';
import { readMessage } from './parsers.ts';
import type { ReceivedMessage } from './queue.ts';
import type { Reading, Signal } from './signal.ts';
import { UnprocessableMessages } from './unprocessable.ts';

export interface MessageDeskOptions {
  readonly visibilitySeconds: number;
  readonly unprocessableMessages: 'leave' | 'delete';
  /** Nothing is deleted. */
  readonly dryRun: boolean;
}

export interface MessageDeskModules {
  readonly clock: Clock;
  readonly skew: ClockSkew;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Those that are worked for, by id. */
  readonly held: Map<string, HeldMessage>;
  readonly memory: MessageMemory;
  readonly outbox: Outbox<Delivery | Cancellation>;
  readonly deletions: Deletions;
  /** Finds the instances that run in a capacity reservation. */
  readonly lookUp: (message: HeldMessage, reading: Extract<Reading, { type: 'reservation' }>) => void;
}

/** Decides what becomes of each message that was received. */
export class MessageDesk {
  readonly #options: MessageDeskOptions;
  readonly #modules: MessageDeskModules;
  readonly #unprocessable: UnprocessableMessages;

  constructor(options: MessageDeskOptions, modules: MessageDeskModules) {
    this.#options = options;
    this.#modules = modules;
    this.#unprocessable = new UnprocessableMessages(modules);
  }

  take(message: ReceivedMessage): void {
    const { clock, held, metrics, skew } = this.#modules;
    const now = clock.now();
    metrics.queueMessages.inc({ event: 'received' });
    const known = held.get(message.id);
    if (known) {
      metrics.queueMessages.inc({ event: 'redelivered' });
      known.renew(message.receiptHandle, now, this.#hiddenUntil(now));
      this.lend(known, known.takeReleased());
      return;
    }
    if (this.#isDealtWith(message)) return;
    const toLocal = (instant: Instant): Instant => skew.toLocal(instant);
    const reading = readMessage(message.body, message.id, { seenAt: now, toLocal });
    switch (reading.type) {
      case 'signals':
        this.lend(this.#hold(message, now), reading.signals);
        break;
      case 'reservation':
        this.#modules.lookUp(this.#hold(message, now), reading);
        break;
      case 'nothing':
        this.#drop(message, reading.why);
        break;
      case 'unreadable':
        this.#refuse(message, reading.why);
        break;
    }
  }

  /** Puts what a held message says where it is pulled from. @returns false where its work was done before */
  lend(message: HeldMessage, signals: readonly Signal[]): boolean {
    const items = signals
      .filter((signal) => !message.progress.isDone(idOf(signal)))
      .map((signal) => ({ ...signal, source: sourceName, handle: message.lend(idOf(signal)) }));
    for (const item of items) this.#modules.outbox.put(item);
    return items.length > 0;
  }

  /** It came again after we were through with it. */
  #isDealtWith(message: ReceivedMessage): boolean {
    const { deletions, memory, metrics } = this.#modules;
    const remembered = memory.get(message.id);
    if (remembered === undefined || remembered.state === 'unfinished') return false;
    metrics.queueMessages.inc({ event: 'redelivered' });
    if (remembered.state === 'settled') void deletions.delete(message);
    return true;
  }

  #hold(message: ReceivedMessage, now: Instant): HeldMessage {
    const { held, memory } = this.#modules;
    const remembered = memory.get(message.id);
    const progress = remembered?.state === 'unfinished' ? remembered.progress : undefined;
    const holding = new HeldMessage(message, now, this.#hiddenUntil(now), progress);
    held.set(message.id, holding);
    return holding;
  }

  #drop(message: ReceivedMessage, why: string): void {
    const { deletions, log, memory, metrics } = this.#modules;
    metrics.queueMessages.inc({ event: 'nothing-to-do' });
    log.debug('A message asks for nothing', { message_id: message.id, reason: why });
    if (this.#options.dryRun) {
      memory.left(message.id);
      return;
    }
    memory.settled(message.id);
    void deletions.delete(message);
  }

  #refuse(message: ReceivedMessage, why: string): void {
    const { deletions, memory } = this.#modules;
    const isDeleted = this.#options.unprocessableMessages === 'delete' && !this.#options.dryRun;
    this.#unprocessable.add(message, why, isDeleted ? 'deleted' : 'left in the queue');
    if (!isDeleted) {
      memory.left(message.id);
      return;
    }
    memory.settled(message.id);
    void deletions.delete(message);
  }

  #hiddenUntil(now: Instant): Instant {
    return now + this.#options.visibilitySeconds * 1000;
  }
}

function idOf(signal: Signal): string {
  return signal.type === 'interruption' ? signal.interruption.id : signal.interruptionId;
}
