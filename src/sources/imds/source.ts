import type { ClockSkew } from '../../clock-skew.ts';
import type { Clock } from '../../clock.ts';
import type { Health } from '../../health.ts';
import type { Cancellation, Delivery, Outcome, Source } from '../../interruption/delivery.ts';
import type { MonitorName } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import type { MetadataReader } from './client.ts';
import type { ImdsIdentity } from './identity.ts';
import { Lending, sourceName, type Lendable } from './lendings.ts';
import { Outage } from './outage.ts';
import { Outbox } from '../../interruption/outbox.ts';
import { signalKinds, type SignalKindName } from './parsers.ts';
import { poll } from './poll-loop.ts';
import { SignalTable } from './signal-table.ts';
import type { Reading, SignalDocument, SignalKind } from './signal.ts';
import { UnreadableDocuments } from './unreadable.ts';

const waitForIdentityMs = 500;

export interface ImdsSourceOptions {
  readonly nodeName: string;
  /** The signals to watch for, each polled so often. */
  readonly periodsMs: Readonly<Partial<Record<SignalKindName, number>>>;
}

export interface ImdsSourceModules {
  readonly client: MetadataReader;
  readonly identity: Pick<ImdsIdentity, 'instanceId'>;
  readonly skew: ClockSkew;
  readonly clock: Clock;
  readonly health: Health;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told when the service can't be asked, as often as the log is. */
  readonly onTrouble?: ((monitor: MonitorName) => void) | undefined;
  /** From 0 up to, but not including, 1; spreads the polls. @default Math.random */
  readonly random?: () => number;
}

interface Watch {
  readonly name: SignalKindName;
  readonly kind: SignalKind;
  readonly periodMs: number;
  readonly signals: SignalTable;
  /** The newest round read every document. */
  isCurrent: boolean;
}

/**
 * Interruptions of the node this daemon runs on, polled from the instance metadata service. Nothing is
 * given back to that service: what is settled is remembered for as long as it is shown.
 */
export class ImdsSource implements Source {
  readonly name = sourceName;
  readonly #nodeName: string;
  readonly #modules: ImdsSourceModules;
  readonly #outbox = new Outbox<Lendable>();
  readonly #watches: readonly Watch[];
  readonly #outage: Outage;
  readonly #unreadable: UnreadableDocuments;

  constructor(options: ImdsSourceOptions, modules: ImdsSourceModules) {
    this.#nodeName = options.nodeName;
    this.#modules = modules;
    this.#watches = (Object.entries(options.periodsMs) as [SignalKindName, number][]).map(
      ([name, periodMs]) => ({
        name,
        kind: signalKinds[name],
        periodMs,
        signals: new SignalTable({ outbox: this.#outbox }),
        isCurrent: false,
      }),
    );
    const monitors = this.#watches.map(({ kind }) => kind.monitor);
    const condition = modules.health.condition(
      'metadata service',
      monitors.length > 0 ? 'has not answered yet' : undefined,
    );
    this.#outage = new Outage({ monitors }, { ...modules, condition });
    this.#unreadable = new UnreadableDocuments(modules);
  }

  /** Whether the metadata service shows this interruption; undefined while one of its documents can't be had. */
  isShown(interruptionId: string): boolean | undefined {
    if (this.#watches.some(({ signals }) => signals.shows(interruptionId))) return true;
    return this.#watches.every(({ isCurrent }) => isCurrent) ? false : undefined;
  }

  /** How many signals are held: what the metadata service shows, whatever became of it. */
  get signalsHeld(): number {
    return this.#watches.reduce((total, { signals }) => total + signals.size, 0);
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery | Cancellation, void, undefined> {
    const ended = new AbortController();
    const signal = AbortSignal.any([intake, ended.signal]);
    const loops = this.#watches.map((watch) => this.#poll(watch, signal));
    try {
      for (;;) {
        const item = await this.#outbox.take(signal);
        if (item === undefined) return;
        yield item.lend();
      }
    } finally {
      ended.abort();
      await Promise.all(loops);
    }
  }

  settle({ handle }: Delivery | Cancellation, outcome: Outcome): Promise<void> {
    if (handle instanceof Lending) {
      handle.item.loan.settle(handle.ticket, outcome);
      if (handle.item.loan.state === 'settled') this.#outbox.remove(handle.item);
    }
    return Promise.resolve();
  }

  release({ handle }: Delivery | Cancellation): Promise<void> {
    if (handle instanceof Lending) handle.item.loan.release(handle.ticket, this.#modules.clock.now());
    return Promise.resolve();
  }

  async #poll(watch: Watch, signal: AbortSignal): Promise<void> {
    const { clock, health, log, random = Math.random } = this.#modules;
    const loop = health.loop(`poll of ${watch.name}`, watch.periodMs);
    log.info('Started monitoring for events', { monitor_type: watch.kind.monitor });
    await poll(watch, { clock, loop, random }, () => this.#round(watch, signal), signal);
  }

  /** Reads the documents of one kind, and takes in those it got. @returns whether it got them all. */
  async #round(watch: Watch, signal: AbortSignal): Promise<boolean> {
    const { monitor, documents } = watch.kind;
    const readings: Reading[] = [];
    try {
      try {
        for (const document of documents) readings.push(await this.#read(watch.kind, document, signal));
      } finally {
        await this.#take(watch, readings, signal);
      }
      this.#outage.worked(monitor);
      watch.isCurrent = readings.every(({ unreadable }) => unreadable === undefined);
      return true;
    } catch (error) {
      watch.isCurrent = false;
      if (!signal.aborted) this.#outage.failed(monitor, error);
      return signal.aborted;
    }
  }

  async #read(
    { monitor }: SignalKind,
    { path, read }: SignalDocument,
    signal: AbortSignal,
  ): Promise<Reading> {
    // While the service is known to be away, the next round is the next try.
    const tries = this.#outage.isFailing(monitor) ? { tries: 1 } : {};
    const body = await this.#modules.client.get(path, { signal, ...tries });
    const reading = read(body);
    if (reading.unreadable !== undefined) this.#unreadable.add(monitor, path, reading.unreadable, body ?? '');
    return reading;
  }

  async #take({ kind, signals }: Watch, readings: readonly Reading[], signal: AbortSignal): Promise<void> {
    const shown = readings.some(({ sightings, finished }) => sightings.length + finished.length > 0);
    if (!shown && signals.size === 0) return;
    const { clock, skew } = this.#modules;
    const complete =
      readings.length === kind.documents.length &&
      readings.every(({ unreadable }) => unreadable === undefined);
    const instanceId = shown ? await this.#instanceId(signal) : '';
    signals.take(readings, complete, {
      now: clock.now(),
      where: { nodeName: this.#nodeName, ...(instanceId !== '' && { instanceId }) },
      toLocal: (instant) => skew.toLocal(instant),
    });
  }

  /** Empty where it isn't to be had at once: a notice is worth more than the id of its instance. */
  async #instanceId(signal: AbortSignal): Promise<string> {
    const { clock, identity } = this.#modules;
    const patience = new AbortController();
    const lose = (): void => patience.abort();
    clock.sleep(waitForIdentityMs, patience.signal).then(lose, lose);
    try {
      return await identity.instanceId(AbortSignal.any([signal, patience.signal]));
    } catch {
      return '';
    } finally {
      lose();
    }
  }
}
