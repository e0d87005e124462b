import type { FleetNode, FleetNodes } from './cluster.ts';
import type { IndexedNode } from './indexed-node.ts';
import type { NodeIndex } from './node-index.ts';
import { stateAnnotation } from './mark-state.ts';
import { readMemory } from './node-marks.ts';
import { remembered } from './queued-signals.ts';

/** The index's nodes, read for what they are marked for. Read anew each time: few are marked at a time. */
export class IndexedFleet implements FleetNodes {
  readonly #index: Pick<NodeIndex, 'nodes' | 'byName' | 'listed' | 'onChange'>;

  constructor(index: Pick<NodeIndex, 'nodes' | 'byName' | 'listed' | 'onChange'>) {
    this.#index = index;
  }

  get listed(): Promise<void> {
    return this.#index.listed;
  }

  *marked(): Generator<FleetNode> {
    for (const node of this.#index.nodes()) if (isMarked(node)) yield toFleetNode(node);
  }

  byName(name: string): FleetNode | undefined {
    const node = this.#index.byName(name);
    return node && toFleetNode(node);
  }

  onChange(
    listener: (name: string, now: FleetNode | undefined, before: FleetNode | undefined) => void,
  ): () => void {
    return this.#index.onChange(({ type, node, ...change }) => {
      const now = type === 'gone' ? undefined : node;
      const before = 'before' in change ? change.before : node;
      const isOurs = (now && isMarked(now)) === true || (before && isMarked(before)) === true;
      if (isOurs) listener(node.name, now && toFleetNode(now), before && toFleetNode(before));
    });
  }
}

function isMarked(node: IndexedNode): boolean {
  return node.annotations[stateAnnotation] !== undefined;
}

function toFleetNode(node: IndexedNode): FleetNode {
  const memory = readMemory(node);
  return {
    name: node.name,
    isReady: node.isReady,
    readyChangedAt: node.readyChangedAt,
    memory,
    interruptions: memory.signals.flatMap((signal) => remembered(signal, node.name) ?? []),
  };
}
