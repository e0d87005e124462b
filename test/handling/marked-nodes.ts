import type { Interruption, Over } from '../../src/interruption/interruption.ts';
import type { FleetNode, FleetNodes } from '../../src/kubernetes/cluster.ts';

type Listener = Parameters<FleetNodes['onChange']>[0];

export interface MarkedNodeSeed {
  /** What the Node is marked for. */
  readonly interruptions: readonly Interruption[];
  /** @default 'marked' */
  readonly phase?: 'marked' | 'drained';
  /** @default true */
  readonly isReady?: boolean;
  /** @default long ago */
  readonly readyChangedAt?: number;
  /** @default not told */
  readonly drainedAt?: number;
  /** @default none */
  readonly done?: readonly Over[];
}

/** What the index would show of nodes that carry marks. */
export class MarkedNodes implements FleetNodes {
  readonly listed = Promise.resolve();
  readonly #nodes = new Map<string, FleetNode>();
  readonly #listeners = new Set<Listener>();

  /** Writes the node as it is from now on. */
  put(name: string, seed: MarkedNodeSeed): void {
    const {
      interruptions,
      phase = 'marked',
      isReady = true,
      readyChangedAt = 0,
      drainedAt,
      done = [],
    } = seed;
    const before = this.#nodes.get(name);
    const signals = interruptions.map(({ id, kind }) => ({ id, kind }));
    const memory = {
      signals,
      phase,
      ...(drainedAt !== undefined && { drainedAt }),
      done,
      reboot: undefined,
    };
    const now = { name, isReady, readyChangedAt, interruptions, memory };
    this.#nodes.set(name, now);
    for (const listener of this.#listeners) listener(name, now, before);
  }

  marked(): Iterable<FleetNode> {
    return this.#nodes.values();
  }

  byName(name: string): FleetNode | undefined {
    return this.#nodes.get(name);
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
