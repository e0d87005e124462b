import type { Clock } from '../../../src/clock.ts';
import type { MetadataReader } from '../../../src/sources/imds/client.ts';
import { rebalancePath, spotPath } from './fixtures.ts';

/** The documents of a metadata service without the HTTP, for tests of what is made of them. */
export class ShownDocuments implements MetadataReader {
  readonly #clock: Clock;
  readonly #documents = new Map<string, string>([['/latest/meta-data/instance-id', 'i-0123456789abcdef0']]);
  readonly #errors = new Map<string, Error>();
  requests = 0;

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  get(path: string): Promise<string | undefined> {
    this.requests += 1;
    const error = this.#errors.get(path) ?? this.#errors.get('');
    return error === undefined ? Promise.resolve(this.#documents.get(path)) : Promise.reject(error);
  }

  /** Shows a document; what isn't text is shown as JSON. */
  set(path: string, document: unknown): void {
    this.#documents.set(path, typeof document === 'string' ? document : JSON.stringify(document));
  }

  clear(path: string): void {
    this.#documents.delete(path);
  }

  /** From now on this path can't be had, or none where it is empty. */
  fail(path: string, message: string): void {
    this.#errors.set(path, new Error(message));
  }

  interrupt(action = 'terminate', inMs = 120_000): void {
    this.set(spotPath, { action, time: this.#timeIn(inMs) });
  }

  recommendRebalance(): void {
    this.set(rebalancePath, { noticeTime: this.#timeIn(0) });
  }

  #timeIn(ms: number): string {
    return new Date(this.#clock.now() + ms).toISOString();
  }
}
