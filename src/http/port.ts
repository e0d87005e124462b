import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import type { Condition, Health } from '../health.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';

export interface PortOptions {
  readonly port: number;
  /** The options that set the port, for the line that says that it is taken. */
  readonly options: readonly string[];
  /** What is served there, as in the metric's label `server`. */
  readonly servers: readonly string[];
  readonly paths: readonly string[];
}

export interface PortModules {
  readonly app: FastifyInstance;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
}

const firstRetryMs = 1000;
const longestRetryMs = 30_000;
/** How long an answer under way may hold up the end of the process. */
const closeWithinMs = 1000;

/**
 * One port that the daemon wants and goes on wanting: a port that another process has is said once and
 * tried again, for on the host's network an exit would be a crash loop while nodes go undrained.
 */
export class Port {
  readonly #options: PortOptions;
  readonly #modules: PortModules;
  readonly #condition: Condition;
  readonly #stopping = new AbortController();
  #retrying: Promise<void> = Promise.resolve();

  constructor(options: PortOptions, modules: PortModules) {
    this.#options = options;
    this.#modules = modules;
    this.#condition = modules.health.condition(
      `${options.servers.join(' and ')} server`,
      `does not listen on port ${options.port} yet`,
    );
    this.#setListening(false);
  }

  /** The port that it has, also where 0 asked for any; undefined while it has none. */
  get number(): number | undefined {
    const address = this.#modules.app.server.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  /** Resolves after the first attempt, whose failure later ones make good. */
  async open(): Promise<void> {
    const error = await this.#attempt();
    if (error === undefined) return;
    const { port, options } = this.#options;
    this.#condition.notReady(errorText(error));
    this.#modules.logger.error(
      `Cannot listen on port "${port}" of option "${options.join('" and "')}", trying again`,
      {
        error,
      },
    );
    this.#retrying = this.#retry().catch((reason: unknown) => {
      if (!this.#stopping.signal.aborted) throw reason;
    });
  }

  /** Ends the connections that wait, and soon also those that don't. */
  async close(): Promise<void> {
    const { app, clock } = this.#modules;
    this.#stopping.abort();
    await this.#retrying;
    const closed = new AbortController();
    const hurry = clock.sleep(closeWithinMs, closed.signal).then(
      () => app.server.closeAllConnections(),
      () => undefined,
    );
    await app.close();
    this.#setListening(false);
    closed.abort();
    await hurry;
  }

  async #retry(): Promise<void> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      await this.#modules.clock.sleep(waitMs, this.#stopping.signal);
      if ((await this.#attempt()) === undefined) return;
    }
  }

  /** @returns what went wrong, if anything. */
  async #attempt(): Promise<Error | undefined> {
    const { app, logger } = this.#modules;
    try {
      await listenOnEveryAddress(app, this.#options.port);
    } catch (error) {
      return error instanceof Error ? error : new Error(errorText(error));
    }
    this.#condition.ready();
    this.#setListening(true);
    for (const path of this.#options.paths)
      logger.info(`Starting to serve handler ${path}, port ${this.number}`);
    return undefined;
  }

  #setListening(listening: boolean): void {
    for (const server of this.#options.servers) {
      this.#modules.metrics.serverListening.set({ server }, listening ? 1 : 0);
    }
  }
}

/** How a kernel says that it has no IPv6: not built in or switched off, or no such address. */
const withoutIpv6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']);

/** All IPv6 addresses and, by the same socket, all IPv4 ones; IPv4 alone where the machine has no IPv6. */
export async function listenOnEveryAddress(
  app: Pick<FastifyInstance, 'listen'>,
  port: number,
): Promise<void> {
  try {
    await app.listen({ host: '::', port });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && withoutIpv6.has(String(error.code)))) throw error;
    await app.listen({ host: '0.0.0.0', port });
  }
}
