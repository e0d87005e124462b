/** Tasks that run beside each other; that one was aborted is its end, any other error is a fault of ours. */
export class TaskGroup {
  #running = 0;
  #failure: Error | undefined;
  #onLastEnd: (() => void) | undefined;

  /** @param owner is woken when the task has ended, however */
  add(task: Promise<void>, owner: { wake(): void }): void {
    this.#running += 1;
    const end = (): void => {
      this.#running -= 1;
      if (this.#running === 0) this.#onLastEnd?.();
      owner.wake();
    };
    task.then(end, (error: unknown) => {
      if (!(error instanceof Error && error.name === 'AbortError')) this.fail(error);
      end();
    });
  }

  /** Something else of the same work has failed. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Resolves when none runs any more; none may be added after that. */
  async ended(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onLastEnd = resolve;
    if (this.#running > 0) await promise;
  }
}
