import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { LiveStatus } from './page.ts';

export interface LivePagesModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: () => Promise<LiveStatus>;
}

/** Pages that are open at the same time; the next ones try again later. */
const mostPages = 16;
const periodMs = 1000;
/** Of the time at the most this share goes into what is sent: a burst of interruptions has other work. */
const idleShare = 19;
/** A comment that keeps proxies and our own limit on silent connections from ending the stream. */
const heartbeatMs = 15_000;
/** A page that takes nothing for this long has gone without a word. */
const longestStallMs = 60_000;

interface Page {
  readonly response: ServerResponse;
  /** What it shows, by section. */
  readonly shown: Map<string, string>;
  title: string;
  sentAt: number;
}

/**
 * Sends open pages what has changed, as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). While no page is open nothing runs.
 */
export class LivePages {
  readonly #modules: LivePagesModules;
  readonly #pages = new Set<Page>();
  #running: AbortController | undefined;
  #hasClosed = false;
  #hasTold = false;

  constructor(modules: LivePagesModules) {
    this.#modules = modules;
  }

  /** Whether one more page may be open. */
  get hasRoom(): boolean {
    return !this.#hasClosed && this.#pages.size < mostPages;
  }

  /** Takes over an answer whose headers have been sent. */
  add(response: ServerResponse): void {
    const page = { response, shown: new Map<string, string>(), title: '', sentAt: this.#modules.clock.now() };
    this.#pages.add(page);
    const leave = (): void => {
      this.#pages.delete(page);
      if (this.#pages.size === 0) this.#running?.abort();
    };
    response.once('close', leave);
    response.once('error', leave);
    response.write('retry: 2000\n\n');
    this.#start();
  }

  /** Says good-bye to all. */
  close(): void {
    this.#hasClosed = true;
    this.#running?.abort();
    for (const { response } of this.#pages) response.end('event: end\ndata:\n\n');
    this.#pages.clear();
  }

  #start(): void {
    if (this.#running && !this.#running.signal.aborted) return;
    const running = new AbortController();
    this.#running = running;
    this.#run(running.signal).catch((error: unknown) => {
      if (running.signal.aborted) return;
      this.#tell(error);
      for (const { response } of this.#pages) response.destroy();
    });
  }

  /** Once: pages come back by themselves, and it would be so again. */
  #tell(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#modules.logger.error('Cannot keep open status pages up to date', { error });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, read } = this.#modules;
    for (;;) {
      const begunAt = clock.now();
      const status = await read();
      signal.throwIfAborted();
      for (const page of this.#pages) this.#send(page, status);
      await clock.sleep(Math.max(periodMs, idleShare * (clock.now() - begunAt)), signal);
    }
  }

  #send(page: Page, { at, title, sections }: LiveStatus): void {
    const now = this.#modules.clock.now();
    const { response, shown } = page;
    if (response.writableNeedDrain) {
      if (now - page.sentAt >= longestStallMs) response.destroy();
      return;
    }
    const changed = Object.entries(sections).filter(([id, markup]) => shown.get(id) !== markup);
    if (changed.length === 0 && page.title === title) {
      if (now - page.sentAt >= heartbeatMs) this.#write(page, ':\n\n', now);
      return;
    }
    for (const [id, markup] of changed) shown.set(id, markup);
    page.title = title;
    const data = JSON.stringify({ at, title, sections: Object.fromEntries(changed) });
    this.#write(page, `data: ${data}\n\n`, now);
  }

  #write(page: Page, text: string, now: number): void {
    page.sentAt = now;
    page.response.write(text);
  }
}
