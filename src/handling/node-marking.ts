import type { Clock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, MarkResult, Marks } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { notNeeded } from '../not-needed.ts';
import { isPushback } from '../pushback.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Change } from './change.ts';
import { isElsewhere, type Machines } from './machine.ts';
import type { Mandate } from './mandate.ts';
import type { WorkflowStory } from './workflow-story.ts';

/** A mark that failed is tried again after this, then after twice as long each time. */
const shortestBackOffMs = 250;
const longestBackOffMs = 10_000;

/** Trouble that lasts is told again after this. */
const tellAgainMs = 600_000;

export interface NodeMarkingOptions {
  readonly node: string;
  /** There is nothing to mark any more where the Node is gone. Otherwise its name must be wrong, which is told. */
  readonly mayVanish: boolean;
}

export interface NodeMarkingModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** Told when an attempt has ended. */
  readonly change: Change;
  readonly ledger: Ledger;
  /** @default the Node is the only one that its machine can have */
  readonly machines: Machines | undefined;
  readonly mandate: Mandate;
  readonly story: WorkflowStory;
}

/**
 * Keeps one node marked for all that is known about it. A missing Node or a failing API server is told once, and
 * again each ten minutes; it blocks nobody who does not wait for it.
 */
export class NodeMarking {
  readonly #options: NodeMarkingOptions;
  readonly #modules: NodeMarkingModules;
  /** Aborted at the end; undefined before the beginning. */
  #signal: AbortSignal | undefined;
  #onError: ((error: unknown) => void) | undefined;
  #onOtherMachine: (() => void) | undefined;
  #isAtWork = false;
  #isWriting = false;
  /** Breaks off what is being written, where that is the last word. Hundreds of nodes are marked for the first time at once. */
  #lastWord: AbortController | undefined;
  #wanted = 1;
  #held = 0;
  #trouble: string | undefined = 'it has not been tried';
  #toldAt: Instant | undefined;
  #isForOthers = false;
  #isThere = false;

  constructor(options: NodeMarkingOptions, modules: NodeMarkingModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get isUpToDate(): boolean {
    return this.#held === this.#wanted;
  }

  /** Up to date, and not because there is no Node to mark. */
  get isOnNode(): boolean {
    return this.isUpToDate && this.#isThere;
  }

  /** Nothing is left of what this was about, but the node stays marked for other interruptions. */
  get isForOthers(): boolean {
    return this.#isForOthers;
  }

  /** Why the node carries none of our marks; undefined once it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Marks at once, and again at each request, until the signal is aborted.
   * @param onError told of an error of our own, should there be one
   * @param onOtherMachine told where the node is not the machine any more that it was to be marked for
   */
  begin(signal: AbortSignal, onError: (error: unknown) => void, onOtherMachine: () => void): void {
    this.#signal = signal;
    this.#onError = onError;
    this.#onOtherMachine = onOtherMachine;
    this.#markOn();
  }

  /** There is more to mark the node for. @returns what `holds` takes to tell whether it has been written */
  request(): number {
    this.#wanted += 1;
    this.#markOn();
    return this.#wanted;
  }

  /**
   * What is being written, if anything, must not be any more: it is broken off, and written as it is to be now.
   * @returns false where it can't be broken off
   */
  startOver(): boolean {
    if (this.#isWriting && !this.#lastWord) return false;
    if (!this.#isAtWork) return true;
    this.#wanted += 1;
    this.#lastWord?.abort(notNeeded);
    return true;
  }

  /** Whether the node carries what was asked for by that request. */
  holds(request: number): boolean {
    return this.#held >= request;
  }

  #markOn(): void {
    const signal = this.#signal;
    if (!signal || signal.aborted || this.#isAtWork) return;
    this.#isAtWork = true;
    this.#mark(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#onError?.(error);
    });
  }

  /** Until all that is asked for is on the node. @throws the signal's reason */
  async #mark(signal: AbortSignal): Promise<void> {
    const { change, clock } = this.#modules;
    let backOffMs = shortestBackOffMs;
    while (!this.isUpToDate) {
      let wanted = this.#wanted;
      const marks = () => {
        // What has joined while others were marked is marked for as well.
        wanted = this.#wanted;
        return this.#modules.mandate.marks;
      };
      const lastWord = this.#modules.mandate.isFulfilled ? new AbortController() : undefined;
      this.#lastWord = lastWord;
      this.#isWriting = true;
      const writing = this.#write(marks, lastWord ? AbortSignal.any([signal, lastWord.signal]) : signal);
      const result = await writing.catch((error: unknown) => asError(error, signal));
      this.#isWriting = false;
      this.#lastWord = undefined;
      if (lastWord?.signal.aborted === true) continue;
      if (this.#isMarked(result)) {
        this.#held = wanted;
        this.#toldAt = undefined;
        backOffMs = shortestBackOffMs;
        change.tell();
        continue;
      }
      change.tell();
      if (isPushback(result)) continue;
      await clock.sleep(backOffMs, signal);
      backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
    }
    // In the same step as the last look: what is requested from now on begins anew.
    this.#isAtWork = false;
  }

  /** @throws ApiError, or the signal's reason */
  async #write(marks: () => Marks, signal: AbortSignal): Promise<MarkResult> {
    const { cluster, ledger, machines } = this.#modules;
    const { node } = this.#options;
    for (;;) {
      const result = await cluster.markNode(node, marks, signal);
      if (result !== 'no-such-node' || !machines) return result;
      // Its machine may have registered by another name since that one was found.
      const wasCurrent = machines.isCurrent;
      if (!(await machines.refresh(signal)))
        throw new Error(`Node "${node}" is gone, and nodes can't be listed`);
      const meant = ledger.interruptions.map(({ where }) => where);
      if (isElsewhere(node, meant, machines)) return 'other-machine';
      if (wasCurrent || !machines.byName(node)) return result;
    }
  }

  /** Takes in how an attempt has ended. @returns whether there is nothing more to be done */
  #isMarked(result: MarkResult | Error): boolean {
    const { logger } = this.#modules;
    this.#isThere = result !== 'no-such-node' && result !== 'other-machine';
    if (result === 'other-machine') {
      this.#trouble = undefined;
      this.#onOtherMachine?.();
      return true;
    }
    if (result === 'no-such-node' && this.#options.mayVanish) {
      if (this.#trouble !== undefined) logger.info('The node is gone from the cluster');
      this.#trouble = undefined;
      return true;
    }
    const succeeded = !(result instanceof Error) && result !== 'no-such-node';
    this.#isForOthers = result === 'marked-for-others';
    if (!this.#isForOthers)
      this.#tellAttempt(succeeded ? undefined : this.#textOf(result), result === 'was-marked');
    if (succeeded) this.#trouble = undefined;
    else this.#failed(result);
    return succeeded;
  }

  #tellAttempt(trouble: string | undefined, wasMarked: boolean): void {
    const { mandate, story } = this.#modules;
    // That the node has been drained is written down, but is no action on it.
    if (!mandate.isFulfilled) story.markAttempted(trouble, wasMarked, mandate.decision.response);
  }

  #failed(result: MarkResult | Error): void {
    const { clock } = this.#modules;
    if (this.#trouble !== undefined) this.#trouble = this.#textOf(result);
    if (this.#toldAt !== undefined && clock.now() - this.#toldAt < tellAgainMs) return;
    this.#toldAt = clock.now();
    this.#tell(result);
  }

  #textOf(result: MarkResult | Error): string {
    if (result instanceof Error) return errorText(result);
    return `there is no Node of the name "${this.#options.node}"`;
  }

  #tell(result: MarkResult | Error): void {
    const { logger } = this.#modules;
    if (result instanceof Error) {
      logger.error('Cannot mark the node, trying again', { error: result });
    } else {
      logger.error(
        'Cannot mark the node, trying again: there is no Node of this name; node-name must be what "kubectl get nodes" shows',
        { looked_for: this.#options.node },
      );
    }
  }
}

/** @throws the signal's reason */
function asError(error: unknown, signal: AbortSignal): Error {
  signal.throwIfAborted();
  return error instanceof Error ? error : new Error(String(error));
}
