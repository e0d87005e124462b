import { forgetOldest } from '../../forget-oldest.ts';
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { MonitorName } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { sourceName } from './lendings.ts';

/** So many different bodies are remembered as told; the oldest is forgotten first. */
const mostRemembered = 64;
const excerptLength = 200;

/** A page that differs each time is told so often in each period, and no more. */
const mostLines = 10;
const linesPeriodMs = 600_000;

/** Tells of documents that could not be read: each is counted, each distinct one is logged once. */
export class UnreadableDocuments {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #told = new Set<string>();
  #lines = 0;
  #linesSince = -Infinity;

  constructor(modules: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics }) {
    this.#clock = modules.clock;
    this.#log = modules.log;
    this.#metrics = modules.metrics;
  }

  add(monitor: MonitorName, path: string, why: string, body: string): void {
    this.#metrics.sourceIgnored.inc({ source: sourceName });
    this.#metrics.eventErrors.inc({ event_error_where: monitor });
    const hash = createHash('sha256').update(`${path}\n${body}`).digest('base64');
    if (this.#told.has(hash) || !this.#mayTell()) return;
    this.#told.add(hash);
    forgetOldest(this.#told, mostRemembered);
    this.#log.warn('Ignored a document of the metadata service that is unreadable', {
      monitor_type: monitor,
      path,
      error: why,
      body: body.slice(0, excerptLength),
    });
  }

  #mayTell(): boolean {
    const now = this.#clock.now();
    if (Math.abs(now - this.#linesSince) >= linesPeriodMs) {
      this.#linesSince = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= mostLines;
  }
}
