import type { NodeLocation } from '../interruption/interruption.ts';

/** What a Node is, besides its name, which may be another machine's later: private DNS names are used again. */
export interface Machine {
  readonly uid: string;
  /** As AWS names it; undefined where the Node does not tell. */
  readonly instanceId: string | undefined;
}

/** What all Nodes are, where that is known without a call. */
export interface Machines {
  /** Whether that is what there was a moment ago. */
  readonly isCurrent: boolean;
  byName(node: string): Machine | undefined;
  byInstanceId(instanceId: string): (Machine & { readonly name: string }) | undefined;
  /**
   * Sees to it that it is.
   * @returns false where the API server can't be asked
   * @throws the signal's reason
   */
  refresh(signal: AbortSignal): Promise<boolean>;
  /** Of each Node that appears or changes. @returns ends it */
  onChange(
    listener: (change: {
      readonly type: 'present' | 'gone';
      readonly node: Machine & { readonly name: string };
    }) => void,
  ): () => void;
}

/** The node by which the instance is known now. */
export function nodeNow({ instanceId }: NodeLocation, machines: Machines | undefined): string | undefined {
  return instanceId === undefined ? undefined : machines?.byInstanceId(instanceId)?.name;
}

/** Whether one of the instances is known by another node now. */
export function isElsewhere(
  node: string,
  meant: readonly NodeLocation[],
  machines: Machines | undefined,
): boolean {
  return meant.some((where) => (nodeNow(where, machines) ?? node) !== node);
}
