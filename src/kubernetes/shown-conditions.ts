import type { Clock } from '../clock.ts';
import { ofOurTypes, type ShownCondition } from './node-condition-patch.ts';
import { isComparable, isOlder } from './resource-version.ts';
import type { NodeObject } from './views.ts';

/** Somebody else may have written since. */
const believedMs = 600_000;

/** More than a burst marks before the conditions of the first are written. One takes less than 1 KB. */
const mostNodes = 1_000;

interface Shown {
  readonly conditions: readonly ShownCondition[];
  readonly version: string;
  readonly at: number;
}

const none: readonly ShownCondition[] = Object.freeze([]);

/** Which conditions of our types Nodes had when the API server last showed them, so that they need not be read. */
export class ShownConditions {
  readonly #clock: Clock;
  /** The one that was shown longest ago is the first. */
  readonly #shown = new Map<string, Shown>();

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  /** undefined: not known. */
  of(node: string): readonly ShownCondition[] | undefined {
    return this.#believed(node)?.conditions;
  }

  see(node: string, { metadata, status }: NodeObject): void {
    const version = metadata?.resourceVersion ?? '';
    const before = this.#believed(node)?.version;
    // Answers overtake each other.
    if (before !== undefined && [before, version].every(isComparable) && isOlder(version, before)) return;
    const conditions = ofOurTypes(status?.conditions ?? none);
    // Anew at its end.
    this.#shown.delete(node);
    this.#shown.set(node, {
      conditions: conditions.length === 0 ? none : conditions,
      version,
      at: this.#clock.now(),
    });
    for (const oldest of this.#shown.keys()) {
      if (this.#shown.size <= mostNodes && this.#believed(oldest)) break;
      this.#shown.delete(oldest);
    }
  }

  forget(node: string): void {
    this.#shown.delete(node);
  }

  #believed(node: string): Shown | undefined {
    const shown = this.#shown.get(node);
    return shown && Math.abs(this.#clock.now() - shown.at) < believedMs ? shown : undefined;
  }
}
