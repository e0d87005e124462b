import type { Clock } from '../../clock.ts';
import type { Health, Loop } from '../../health.ts';
import type { Outage } from './outage.ts';
import { mostInBatch, type Queue, type ReceivedMessage } from './queue.ts';

/** SQS holds a request open for at most so long. */
const longestWaitSeconds = 20;
/** Two tries of a request that nobody answers, and the pause before it. */
const longestRoundMs = 90_000;
/** The first question has an answer at once, which is how one learns that the queue can be read. */
const firstWaitSeconds = 1;
/** The others ask only while there is a lot, and are gone soon after. */
const otherWaitSeconds = 1;
/** At AWS's pace this takes more than a thousand messages a second. */
const mostReceivers = 8;

/** A message of ours is a kilobyte; of those that others send, each can be a thousand times as large. */
const largeAnswerLength = 512 * 1024;

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

export interface ReceiversOptions {
  readonly visibilitySeconds: number;
}

export interface ReceiversModules {
  readonly queue: Pick<Queue, 'receive'>;
  readonly clock: Clock;
  readonly health: Health;
  readonly outage: Outage;
  /** How many messages more can be held. */
  readonly room: () => number;
  readonly take: (messages: readonly ReceivedMessage[]) => void;
  /** From 0 up to, but not including, 1; spreads the tries. @default Math.random */
  readonly random?: () => number;
}

/**
 * Receives messages by long polling: with one receiver while there is little to do, with more as soon as an answer is
 * full, and with none while there is no room for more messages. While they are large they are asked for one by one, so
 * that their bodies do not fill the memory.
 */
export class Receivers {
  readonly #options: ReceiversOptions;
  readonly #modules: ReceiversModules;
  readonly #others = new Set<Promise<void>>();
  #asked = 0;
  /** How many messages a request asks for. */
  #most = mostInBatch;
  #roomMade = Promise.withResolvers<void>();

  constructor(options: ReceiversOptions, modules: ReceiversModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** A message is held no more. */
  roomMade(): void {
    this.#roomMade.resolve();
    this.#roomMade = Promise.withResolvers();
  }

  /** Until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const loop = this.#modules.health.loop('receiving from the queue', longestRoundMs);
    try {
      await this.#receiveOn(loop, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      loop.end();
      await Promise.all(this.#others);
    }
  }

  async #receiveOn(loop: Loop, signal: AbortSignal): Promise<void> {
    const { clock, outage, random = Math.random } = this.#modules;
    let waitSeconds = firstWaitSeconds;
    for (let failures = 0; !signal.aborted;) {
      loop.step();
      const most = this.#reserve();
      if (most === 0) {
        await this.#untilRoom(signal);
        // So that the age of what is held is up to date.
        this.#modules.take([]);
        continue;
      }
      try {
        await this.#receive(most, waitSeconds, signal);
        failures = 0;
        waitSeconds = longestWaitSeconds;
      } catch (error) {
        signal.throwIfAborted();
        outage.failed(error);
        const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
        failures += 1;
        waitSeconds = firstWaitSeconds;
        await clock.sleep(pauseMs * (0.5 + random() / 2), signal);
      }
    }
  }

  /** Until an answer is empty, or there is none. */
  async #receiveWhileFull(signal: AbortSignal): Promise<void> {
    for (;;) {
      const most = signal.aborted ? 0 : this.#reserve();
      if (most === 0) return;
      try {
        if ((await this.#receive(most, otherWaitSeconds, signal)) === 0) return;
      } catch (error) {
        // The one that goes on tells, where it lasts.
        if (!signal.aborted) this.#modules.outage.failed(error);
        return;
      }
    }
  }

  /** @returns how many came */
  async #receive(most: number, waitSeconds: number, signal: AbortSignal): Promise<number> {
    const { outage, queue, take } = this.#modules;
    const { visibilitySeconds } = this.#options;
    try {
      const messages = await queue.receive({ most, waitSeconds, visibilitySeconds }, signal);
      outage.worked();
      take(messages);
      if (messages.length > 0) this.#most = isLarge(messages) ? 1 : mostInBatch;
      if (messages.length === most) this.#callOthers(signal);
      return messages.length;
    } finally {
      this.#asked -= most;
      // What it did not need another one may wait for.
      this.roomMade();
    }
  }

  #callOthers(signal: AbortSignal): void {
    while (this.#others.size < mostReceivers - 1) {
      const other = this.#receiveWhileFull(signal).finally(() => this.#others.delete(other));
      this.#others.add(other);
    }
  }

  #reserve(): number {
    const most = Math.max(0, Math.min(this.#most, this.#modules.room() - this.#asked));
    this.#asked += most;
    return most;
  }

  async #untilRoom(signal: AbortSignal): Promise<void> {
    const patience = new AbortController();
    try {
      const late = this.#modules.clock.sleep(
        longestWaitSeconds * 1000,
        AbortSignal.any([signal, patience.signal]),
      );
      await Promise.race([this.#roomMade.promise, late.catch(() => {})]);
    } finally {
      patience.abort();
    }
  }
}

function isLarge(messages: readonly ReceivedMessage[]): boolean {
  return messages.reduce((length, { body }) => length + body.length, 0) > largeAnswerLength;
}
