/** Tasks that run beside each other; that one was aborted is its end, any other error is a fault of ours. */
export class TaskGroup {
  readonly #running = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @param owner is woken when the task has ended, however */
  add(task: Promise<void>, owner: { wake(): void }): void {
    const end = (): void => {
      this.#running.delete(ended);
      owner.wake();
    };
    const ended = task.then(end, (error: unknown) => {
      if (!(error instanceof Error && error.name === 'AbortError')) this.fail(error);
      end();
    });
    this.#running.add(ended);
  }

  /** Something else of the same work has failed. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Resolves when none runs any more. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
