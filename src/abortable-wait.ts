/**
 * What waits to be told something, or for its signal to be aborted: one object and no function in mid-way, since in a
 * burst hundreds of nodes wait at the same time.
 */
export abstract class AbortableWait<T> {
  /** Rejected with the signal's reason. */
  readonly promise: Promise<T>;
  readonly #signal: AbortSignal;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;

  /** @param signal not aborted yet; whoever can't know calls `handleEvent` where it is */
  constructor(signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this, { once: true });
  }

  /** Ends the wait. */
  resolve(value: T): void {
    this.#signal.removeEventListener('abort', this);
    this.onEnd();
    this.#resolve(value);
  }

  /** What EventTarget calls: the signal is aborted. */
  handleEvent(): void {
    this.#signal.removeEventListener('abort', this);
    this.onEnd();
    this.#reject(this.#signal.reason);
  }

  /** Before the promise is settled, either way. */
  protected abstract onEnd(): void;
}
