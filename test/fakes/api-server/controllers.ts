import type { Clock } from '../../../src/clock.ts';
import type { Kubelets } from './kubelets.ts';
import { controllerOf, isTerminating, timestamp, type PodObject, without } from './objects.ts';
import { nodes, pods } from './resources.ts';
import type { Change, Store } from './store.ts';

export interface ControllerSeed {
  /** `ReplicaSet/web`, `StatefulSet/db` or `DaemonSet/agent`. */
  readonly owner: string;
  /** @default 'default' */
  readonly namespace?: string;
  /** From the creation of a replacement until it is ready. @default 3000 */
  readonly readyAfterMs?: number;
  /** Where replacements run. @default the first schedulable node; for a DaemonSet the pod's own node */
  readonly node?: string;
}

const unschedulableKey = 'node.kubernetes.io/unschedulable';

/** The controllers that answer to what a drain does: replacements, and the cordon's own taint. */
export class Controllers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #kubelets: Kubelets;
  readonly #seeds = new Map<string, ControllerSeed>();
  #replacements = 0;

  constructor(modules: { store: Store; clock: Clock; kubelets: Kubelets }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#kubelets = modules.kubelets;
  }

  /** Acts from now on. */
  start(): void {
    this.#store.onChange((change) => this.#see(change));
  }

  /** From now on the controller replaces the pods that it loses. */
  run(seed: ControllerSeed): void {
    this.#seeds.set(`${seed.namespace ?? 'default'}/${seed.owner}`, seed);
  }

  #see({ type, kind, object, previous }: Change): void {
    if (type === nodes && kind !== 'DELETED') this.#taintAsCordoned(object.metadata.name);
    if (type !== pods) return;
    const pod = object as PodObject;
    const owner = controllerOf(pod);
    const seed = owner && this.#seeds.get(`${pod.metadata.namespace}/${owner.kind}/${owner.name}`);
    if (seed === undefined) return;
    const wasTerminating = previous !== undefined && isTerminating(previous);
    // A ReplicaSet counts a terminating pod as lost; the others wait until the name is free.
    const isLost = owner?.kind === 'ReplicaSet' ? isTerminating(pod) && !wasTerminating : kind === 'DELETED';
    if (isLost) this.#replace(pod, seed, owner?.kind ?? '');
  }

  #replace(lost: PodObject, seed: ControllerSeed, kind: string): void {
    this.#replacements += 1;
    const name =
      kind === 'StatefulSet' ? lost.metadata.name : `${seed.owner.split('/')[1]}-r${this.#replacements}`;
    const node = seed.node ?? (kind === 'DaemonSet' ? lost.spec.nodeName : this.#schedulableNode());
    const { namespace = '', labels, annotations, ownerReferences } = lost.metadata;
    const lastTransitionTime = timestamp(this.#clock.now());
    const pod = this.#store.create(pods, {
      metadata: {
        name,
        namespace,
        generation: 1,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
        ...(ownerReferences && { ownerReferences }),
      },
      spec: { ...without(lost.spec, 'nodeName'), ...(node !== undefined && { nodeName: node }) },
      status: { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False', lastTransitionTime }] },
    });
    this.#kubelets.behave(pod, { readyAfterMs: seed.readyAfterMs ?? 3000 });
  }

  #schedulableNode(): string | undefined {
    const free = this.#store.list(nodes).find(({ spec }) => spec.unschedulable !== true);
    return free?.metadata.name;
  }

  /** The node lifecycle controller keeps a taint in step with the cordon, in a write of its own. */
  #taintAsCordoned(name: string): void {
    const node = this.#store.find(nodes, name);
    if (node === undefined) return;
    const { unschedulable = false, taints = [] } = node.spec;
    if (taints.some(({ key }) => key === unschedulableKey) === unschedulable) return;
    const others = taints.filter(({ key }) => key !== unschedulableKey);
    const timeAdded = timestamp(this.#clock.now());
    const taint = { key: unschedulableKey, effect: 'NoSchedule', timeAdded };
    const next = unschedulable ? [...others, taint] : others;
    this.#store.update(nodes, {
      ...node,
      spec: { ...without(node.spec, 'taints'), ...(next.length > 0 && { taints: next }) },
    });
  }
}
