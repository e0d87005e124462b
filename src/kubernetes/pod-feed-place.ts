import type { PodChange } from './cluster.ts';
import { isOlder } from './resource-version.ts';

interface Kept {
  readonly version: string;
  readonly change: PodChange;
}

/**
 * A node's place in the feed of all pods. Its pods are listed, then their changes followed, until they have to be
 * listed again. Invariant: what `changes` gives is everything newer than the list, in order, or it ends.
 */
export class PodFeedPlace {
  readonly #onListed: (version: string) => void;
  readonly #onLeft: () => void;
  /** Every event newer than this is kept; undefined: the watch has not begun. */
  #since: string | undefined;
  /** Of the list; undefined: the pods are to be listed. */
  #version: string | undefined;
  #isLost = false;
  #kept: Kept[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(
    since: string | undefined,
    modules: { readonly onListed: (version: string) => void; readonly onLeft: () => void },
  ) {
    this.#since = since;
    this.#onListed = modules.onListed;
    this.#onLeft = modules.onLeft;
  }

  /** @returns false where the list is too old to go on from: list again, and not from a cache */
  listed(version: string): boolean {
    if (this.#since !== undefined && isOlder(version, this.#since)) return false;
    this.#version = version;
    this.#kept = this.#kept.filter((kept) => isOlder(version, kept.version));
    this.#onListed(version);
    return true;
  }

  /** Ends when the pods are to be listed again. @throws the signal's reason */
  async *changes(signal: AbortSignal): AsyncGenerator<PodChange, void, undefined> {
    const wake = (): void => this.#changed.resolve();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        this.#changed = Promise.withResolvers();
        for (let kept = this.#kept.shift(); kept !== undefined; kept = this.#kept.shift()) yield kept.change;
        if (this.#isLost) return;
        await this.#changed.promise;
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#version = undefined;
      this.#isLost = false;
    }
  }

  leave(): void {
    this.#onLeft();
  }

  /** The feed: the watch begins, or goes on, from this version. */
  begin(version: string): void {
    this.#since = version;
    if (this.#version !== undefined && isOlder(this.#version, version)) this.lose();
  }

  /** The feed: something has happened on the node. */
  put(version: string, change: PodChange): void {
    if (this.#isLost || (this.#version !== undefined && !isOlder(this.#version, version))) return;
    this.#kept.push({ version, change });
    this.#changed.resolve();
  }

  /** The feed: something may have been missed. */
  lose(): void {
    this.#kept = [];
    // Whose list is under way need not make another: how old it is will tell.
    if (this.#version === undefined) return;
    this.#isLost = true;
    this.#changed.resolve();
  }
}
