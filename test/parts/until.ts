import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Finishes the sentence "gave up waiting until ...". */
  what: string;
  timeoutMs: number;
  everyMs?: number;
  /** Rejects when waiting has become useless: the process that was to answer has ended. */
  lost?: Promise<never>;
}

/** Asks again until the answer is true. For processes that are starting; objects are watched instead. */
export async function until(isSo: () => boolean | Promise<boolean>, options: UntilOptions): Promise<void> {
  const deadlineMs = performance.now() + options.timeoutMs;
  const pause = (): Promise<void> => sleep(options.everyMs ?? 50);
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Gave up after ${options.timeoutMs} ms waiting until ${options.what}`);
    }
    await (options.lost ? Promise.race([pause(), options.lost]) : pause());
  }
}
