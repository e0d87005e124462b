import { AbortableWait } from '../abortable-wait.ts';
import type { PodChange } from './cluster.ts';
import { isOlder } from './resource-version.ts';

interface Kept {
  readonly version: string;
  readonly change: PodChange;
}

const none: readonly Kept[] = Object.freeze([]);

/**
 * A node's place in the feed of all pods. Its pods are listed, then their changes followed, until they have to be
 * listed again. Invariant: what is told after a list is everything newer than it, in order, or the place is lost.
 */
export class PodFeedPlace {
  readonly #onListed: (version: string) => void;
  readonly #onLeft: () => void;
  /** Every event newer than this is kept; undefined: the watch has not begun. */
  #since: string | undefined;
  /** Of the list; undefined: the pods are to be listed. */
  #version: string | undefined;
  /** What has happened since the node was to be listed. */
  #kept: readonly Kept[] = none;
  #following: Following | undefined;

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

  /**
   * Goes on from the list.
   * @param take is told what has happened since, and what happens from now on
   * @returns true when the pods are to be listed again @throws the signal's reason
   */
  untilLost(take: (change: PodChange) => void, signal: AbortSignal): Promise<true> {
    const following = new Following(take, signal, () => {
      this.#following = undefined;
      this.#version = undefined;
    });
    this.#following = following;
    const kept = this.#kept;
    this.#kept = none;
    for (const { change } of kept) take(change);
    return following.promise;
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
    if (this.#version !== undefined && !isOlder(this.#version, version)) return;
    if (this.#following) this.#following.take(change);
    else this.#kept = [...this.#kept, { version, change }];
  }

  /** The feed: something may have been missed. */
  lose(): void {
    this.#kept = none;
    // Whose list is under way need not make another: how old it is will tell.
    this.#following?.resolve(true);
  }
}

class Following extends AbortableWait<true> {
  readonly take: (change: PodChange) => void;
  readonly #onEnded: () => void;

  constructor(take: (change: PodChange) => void, signal: AbortSignal, onEnded: () => void) {
    super(signal);
    this.take = take;
    this.#onEnded = onEnded;
    if (signal.aborted) this.handleEvent();
  }

  protected override onEnd(): void {
    this.#onEnded();
  }
}
