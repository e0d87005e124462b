/** Tasks that run beside each other; that one was aborted is its end, any other error is a fault of ours. */
export class TaskGroup {
  readonly #running = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @param onEnd called when the task has ended, however */
  add(task: Promise<void>, onEnd: () => void): void {
    const ended = task
      .catch((error: unknown) => {
        if (error instanceof Error && error.name === 'AbortError') return;
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#running.delete(ended);
        onEnd();
      });
    this.#running.add(ended);
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Resolves when none runs any more. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
