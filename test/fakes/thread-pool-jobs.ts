import { createHook } from 'node:async_hooks';

/** What libuv does in its threads: files, name look-ups, cryptography. Not the handles and HTTP objects. */
const threadPoolJob =
  /^(FSREQ|FILEHANDLECLOSEREQ|GET(ADDR|NAME)INFOREQWRAP|QUERYWRAP)|(?<!HTTPCLIENT)REQUEST$/;
/** A job without an end after this long was never started: its call threw. */
const longestJobMs = 5000;

/** The work that this process has waiting in threads, which the event loop itself doesn't show. */
export class ThreadPoolJobs {
  readonly #startedAtMs = new Map<number, number>();
  #done = 0;

  constructor() {
    const end = (id: number) => {
      if (this.#startedAtMs.delete(id)) this.#done += 1;
    };
    createHook({
      init: (id, type) => {
        if (threadPoolJob.test(type)) this.#startedAtMs.set(id, performance.now());
      },
      after: end,
      destroy: end,
      trackPromises: false,
    }).enable();
  }

  get done(): number {
    return this.#done;
  }

  underWay(): boolean {
    for (const [id, startedAtMs] of this.#startedAtMs) {
      if (performance.now() - startedAtMs < longestJobMs) return true;
      this.#startedAtMs.delete(id);
    }
    return false;
  }
}
