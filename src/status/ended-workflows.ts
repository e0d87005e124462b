import type { EndedStatus } from './document.ts';

/** NTH has none; this many are what one screen's worth of a bad night is. */
const mostEnded = 50;

/** Enough of an id to tell two apart, and not enough to matter. */
export interface EndedWorkflow {
  readonly status: EndedStatus;
  /** All that it was about. */
  readonly interruptionIds: string;
}

/**
 * The last workflows that have ended, newest first. One that is tried again and again while its signal lasts is one
 * entry with a count, so that it does not push out all others.
 */
export class EndedWorkflows {
  #entries: readonly EndedWorkflow[] = [];

  get newestFirst(): readonly EndedStatus[] {
    return this.#entries.map(({ status }) => status);
  }

  add(entry: EndedWorkflow): void {
    const before = this.#entries.find(
      ({ status, interruptionIds }) =>
        status.node === entry.status.node &&
        status.outcome === 'released' &&
        interruptionIds === entry.interruptionIds,
    );
    const others = this.#entries.filter((other) => other !== before);
    this.#entries = [before ? taken(before, entry) : entry, ...others].slice(0, mostEnded);
  }
}

function taken(before: EndedWorkflow, { status, interruptionIds }: EndedWorkflow): EndedWorkflow {
  const { attempts, startedAt, markedAt, drainBeganAt } = before.status;
  return {
    interruptionIds,
    status: {
      ...status,
      startedAt,
      markedAt: markedAt ?? status.markedAt,
      drainBeganAt: drainBeganAt ?? status.drainBeganAt,
      attempts: attempts + 1,
    },
  };
}
