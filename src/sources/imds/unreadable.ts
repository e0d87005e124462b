import { createHash } from 'node:crypto';
import type { MonitorName } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { sourceName } from './lendings.ts';

/** So many different bodies are remembered as told; the oldest is forgotten first. */
const mostRemembered = 64;
const excerptLength = 200;

/** Tells of documents that could not be read: each is counted, each distinct one is logged once. */
export class UnreadableDocuments {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #told = new Set<string>();

  constructor(modules: { readonly log: Logger; readonly metrics: Metrics }) {
    this.#log = modules.log;
    this.#metrics = modules.metrics;
  }

  add(monitor: MonitorName, path: string, why: string, body: string): void {
    this.#metrics.sourceIgnored.inc({ source: sourceName });
    this.#metrics.eventErrors.inc({ event_error_where: monitor });
    const hash = createHash('sha256').update(`${path}\n${body}`).digest('base64');
    if (this.#told.has(hash)) return;
    this.#told.add(hash);
    for (const oldest of this.#told) {
      if (this.#told.size <= mostRemembered) break;
      this.#told.delete(oldest);
    }
    this.#log.warn('Ignored a document of the metadata service that is unreadable', {
      monitor_type: monitor,
      path,
      error: why,
      body: body.slice(0, excerptLength),
    });
  }
}
