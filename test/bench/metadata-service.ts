import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type ImdsOrder = 'interrupt' | 'requests';

export interface AnsweredRequest {
  readonly atMs: number;
  readonly path: string;
  /** Undefined until answered. */
  readonly code: number | undefined;
}

export interface ShownNotice {
  /** From when the notice was there. */
  readonly atMs: number;
  /** When the machine ends, by the notice. */
  readonly endsAtMs: number;
}

export type ImdsAnswer = ShownNotice | readonly AnsweredRequest[];

const spotPath = '/latest/meta-data/spot/instance-action';

/** A metadata service for one daemon. */
export class MetadataService {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<MetadataService> {
    const child = fork(fileURLToPath(new URL('imds-process.ts', import.meta.url)), { execArgv: [] });
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    return new MetadataService(url, child);
  }

  /** Shows a Spot notice of two minutes. */
  async interrupt(): Promise<ShownNotice> {
    return (await this.#order('interrupt')) as ShownNotice;
  }

  async requests(): Promise<readonly AnsweredRequest[]> {
    return (await this.#order('requests')) as readonly AnsweredRequest[];
  }

  /** When the notice was first asked for and given. */
  async noticeTakenAtMs(): Promise<number> {
    const taken = (await this.requests()).find(({ path, code }) => path === spotPath && code === 200);
    if (!taken) throw new Error('Cannot tell when the notice was taken: nobody asked for it');
    return taken.atMs;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #order(order: ImdsOrder): Promise<ImdsAnswer> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    const [content] = (await answer) as [ImdsAnswer];
    return content;
  }
}
