import { isComparable, isOlder } from './resource-version.ts';
import { hostnameLabel, isUnchanged, type IndexedNode } from './indexed-node.ts';

/** What became of a node, told to those who asked for it. */
export type NodeChange =
  | { readonly type: 'present'; readonly node: IndexedNode; readonly before: IndexedNode | undefined }
  | { readonly type: 'gone'; readonly node: IndexedNode };

/** The only field that changes in place: it does so at each heartbeat of a kubelet. */
type Row = { -readonly [K in keyof IndexedNode]: IndexedNode[K] };

/**
 * Trimmed nodes by name, instance and hostname. Invariant: each map but the first holds only nodes that are in the
 * first; where two Node objects name one instance or host, the ready one is found, of two such the one that changed last.
 */
export class NodeTable {
  readonly #byName = new Map<string, Row>();
  readonly #byInstance = new Map<string, Row>();
  /** Only those whose hostname is not their name. */
  readonly #byHostname = new Map<string, Row>();

  get size(): number {
    return this.#byName.size;
  }

  values(): MapIterator<IndexedNode> {
    return this.#byName.values();
  }

  byName(name: string): IndexedNode | undefined {
    return this.#byName.get(name);
  }

  byInstanceId(instanceId: string): IndexedNode | undefined {
    return this.#byInstance.get(instanceId);
  }

  /** By the label `kubernetes.io/hostname`. */
  byHostname(hostname: string): IndexedNode | undefined {
    const named = this.#byName.get(hostname);
    return named?.labels[hostnameLabel] === hostname ? named : this.#byHostname.get(hostname);
  }

  /** Like `put`, but for nodes that were shown by the way: a newer state may be known. */
  putNewer(node: IndexedNode): NodeChange | undefined {
    const before = this.#byName.get(node.name);
    return newer(node, before) === node ? this.put(node) : undefined;
  }

  /** @returns undefined where nothing has changed that anybody here asks for */
  put(node: IndexedNode): NodeChange | undefined {
    const before = this.#byName.get(node.name);
    if (before && isUnchanged(before, node)) {
      before.resourceVersion = node.resourceVersion;
      return undefined;
    }
    if (before) this.#forget(before);
    this.#byName.set(node.name, node);
    if (node.instanceId !== undefined) enter(this.#byInstance, node.instanceId, node);
    const hostname = node.labels[hostnameLabel];
    if (hostname !== undefined && hostname !== node.name) enter(this.#byHostname, hostname, node);
    return { type: 'present', node, before };
  }

  /** It was told as deleted; one that has its name by now, and was shown by the way, stays. */
  removeOlder(node: IndexedNode): NodeChange | undefined {
    return newer(node, this.#byName.get(node.name)) === node ? this.remove(node.name) : undefined;
  }

  remove(name: string): NodeChange | undefined {
    const node = this.#byName.get(name);
    if (!node) return undefined;
    this.#byName.delete(name);
    this.#forget(node);
    this.#enterOthers(node);
    return { type: 'gone', node };
  }

  /** Of those that were behind the one that has gone one is found now. */
  #enterOthers({ instanceId, labels }: Row): void {
    const hostname = labels[hostnameLabel];
    for (const other of this.#byName.values()) {
      if (instanceId !== undefined && other.instanceId === instanceId)
        enter(this.#byInstance, instanceId, other);
      const isNamed = hostname !== undefined && other.labels[hostnameLabel] === hostname;
      if (isNamed && hostname !== other.name) enter(this.#byHostname, hostname, other);
    }
  }

  #forget(node: Row): void {
    const { instanceId, labels } = node;
    if (instanceId !== undefined && this.#byInstance.get(instanceId) === node) {
      this.#byInstance.delete(instanceId);
    }
    const hostname = labels[hostnameLabel];
    if (hostname !== undefined && this.#byHostname.get(hostname) === node) this.#byHostname.delete(hostname);
  }
}

/** A machine that registers by another name leaves its old Node behind, which is not ready from then on. */
function enter(nodes: Map<string, Row>, key: string, node: Row): void {
  const other = nodes.get(key);
  if (!other?.isReady || node.isReady) nodes.set(key, node);
}

/** Of two states of a name's node the one that was shown by the way, unless the other is known to be newer. */
export function newer(node: IndexedNode, other: IndexedNode | undefined): IndexedNode {
  const isOld =
    other !== undefined &&
    [other, node].every(({ resourceVersion }) => isComparable(resourceVersion)) &&
    isOlder(node.resourceVersion, other.resourceVersion);
  return isOld ? other : node;
}
