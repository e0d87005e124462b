import type { Clock } from '../clock.ts';
import type { Health } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import type { StatusBoard } from './board.ts';
import type { ConfigEntry, DaemonFacts, SourceStatus, StatusDocument } from './document.ts';

export interface StatusOptions {
  readonly daemon: Omit<DaemonFacts, 'startedAt' | 'isStopping'>;
  readonly config: readonly ConfigEntry[];
}

export interface StatusModules {
  readonly clock: Clock;
  readonly health: Health;
  readonly metrics: Pick<
    Metrics,
    'sourceLastSuccess' | 'sourceErrors' | 'sourceIgnored' | 'queueMessagesHeld' | 'queueOldestMessageAge'
  >;
  readonly board: StatusBoard;
}

/** Puts together what the status page shows, whenever somebody looks. */
export class Status {
  readonly #options: StatusOptions;
  readonly #modules: StatusModules;
  readonly #startedAt: number;
  #isStopping = false;

  constructor(options: StatusOptions, modules: StatusModules) {
    this.#options = options;
    this.#modules = modules;
    this.#startedAt = modules.clock.now();
  }

  /** No new interruptions are taken from now on. */
  stopping(): void {
    this.#isStopping = true;
  }

  async read(): Promise<StatusDocument> {
    const { board, clock, health } = this.#modules;
    const { daemon, config } = this.#options;
    const sources = await this.#sources();
    const { ended } = board;
    const { listed, notListed } = board.running;
    return {
      at: clock.now(),
      daemon: { ...daemon, startedAt: this.#startedAt, isStopping: this.#isStopping },
      health: { stuck: health.stuckLoops(), notReady: health.notReadyReasons() },
      sources,
      counts: { ...board.counts, ended: ended.length },
      running: listed,
      runningNotListed: notListed,
      ended,
      config,
    };
  }

  /** What the metrics know of each source, so that nobody has to tell it twice. */
  async #sources(): Promise<readonly SourceStatus[]> {
    const { sourceLastSuccess, sourceErrors, sourceIgnored } = this.#modules.metrics;
    const answers = await bySource(sourceLastSuccess);
    const errors = await bySource(sourceErrors);
    const unreadable = await bySource(sourceIgnored);
    const queue = await this.#queue();
    const names = new Set([...answers.keys(), ...errors.keys(), ...unreadable.keys()]);
    return [...names].sort().map((name) => {
      const answeredAt = answers.get(name) ?? 0;
      return {
        name,
        lastAnswerAt: answeredAt === 0 ? undefined : answeredAt * 1000,
        errors: errors.get(name) ?? 0,
        unreadable: unreadable.get(name) ?? 0,
        queue: name === 'sqs' ? queue : undefined,
      };
    });
  }

  async #queue(): Promise<SourceStatus['queue']> {
    if (this.#options.daemon.mode !== 'queue') return undefined;
    const { queueMessagesHeld, queueOldestMessageAge } = this.#modules.metrics;
    const [held] = (await queueMessagesHeld.get()).values;
    const [oldest] = (await queueOldestMessageAge.get()).values;
    return { held: held?.value ?? 0, oldestAgeSeconds: oldest?.value ?? 0 };
  }
}

interface Readable {
  get(): Promise<{
    readonly values: readonly {
      readonly value: number;
      readonly labels: Partial<Record<'source', string | number>>;
    }[];
  }>;
}

async function bySource(metric: Readable): Promise<ReadonlyMap<string, number>> {
  const { values } = await metric.get();
  return new Map(values.map(({ labels, value }) => [String(labels.source), value]));
}
