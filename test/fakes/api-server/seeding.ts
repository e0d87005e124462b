import type { Clock } from '../../../src/clock.ts';
import type { BudgetController } from './budget-controller.ts';
import { terminateNamespace } from './deletion.ts';
import type { Kubelets } from './kubelets.ts';
import type {
  ApiObject,
  BudgetObject,
  LabelSelector,
  NodeObject,
  OwnerReference,
  PodObject,
} from './objects.ts';
import {
  budgets,
  daemonSets,
  namespaces,
  nodes,
  pods,
  replicaSets,
  statefulSets,
  volumeAttachments,
} from './resources.ts';
import { nodeFrom, podFrom, type NodeSeed, type PodSeed } from './seeds.ts';
import type { Store } from './store.ts';

export interface BudgetSeed {
  readonly name: string;
  /** @default 'default' */
  readonly namespace?: string;
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Instead of `matchLabels`. */
  readonly selector?: LabelSelector;
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
  readonly unhealthyPodEvictionPolicy?: 'AlwaysAllow' | 'IfHealthyBudget';
  /** The controller has seen it. @default true */
  readonly observed?: boolean;
}

const controllerTypes = [replicaSets, statefulSets, daemonSets];

/** Fills the cluster from short forms. */
export class Seeding {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #kubelets: Kubelets;
  readonly #budgetController: BudgetController;

  constructor(modules: {
    store: Store;
    clock: Clock;
    kubelets: Kubelets;
    budgetController: BudgetController;
  }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#kubelets = modules.kubelets;
    this.#budgetController = modules.budgetController;
    for (const name of ['default', 'kube-system']) this.namespace(name);
  }

  node(seed: NodeSeed): NodeObject {
    return this.#store.create(nodes, nodeFrom(seed, this.#clock.now()));
  }

  pod(seed: PodSeed): PodObject {
    const { namespace = 'default' } = seed;
    this.namespace(namespace);
    const owner = seed.mirror === true ? this.#nodeOwner(seed) : this.#owner(seed, namespace);
    const pod = this.#store.create(pods, podFrom(seed, owner, this.#clock.now()));
    this.#kubelets.behave(pod, seed);
    return pod;
  }

  budget(seed: BudgetSeed): BudgetObject {
    const { name, namespace = 'default', matchLabels, minAvailable, maxUnavailable, observed = true } = seed;
    const { unhealthyPodEvictionPolicy } = seed;
    this.namespace(namespace);
    if (!observed) this.#budgetController.pause(namespace, name);
    const created = this.#store.create(budgets, {
      metadata: { name, namespace, generation: 1 },
      spec: {
        selector: seed.selector ?? { matchLabels: { ...matchLabels } },
        ...(minAvailable !== undefined && { minAvailable }),
        ...(maxUnavailable !== undefined && { maxUnavailable }),
        ...(unhealthyPodEvictionPolicy !== undefined && { unhealthyPodEvictionPolicy }),
      },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    });
    return this.#store.get(budgets, created.metadata.name, namespace);
  }

  /** Made on the first call for its name. */
  namespace(name: string, annotations: Readonly<Record<string, string>> = {}): void {
    if (this.#store.find(namespaces, name) !== undefined) return;
    this.#store.create(namespaces, {
      metadata: { name, annotations },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }

  /** Deleted, but not gone: nothing new may be created in it. */
  terminateNamespace(name: string): void {
    this.namespace(name);
    const modules = { store: this.#store, clock: this.#clock };
    terminateNamespace(modules, this.#store.get(namespaces, name));
  }

  volumeAttachment(name: string, node: string, persistentVolumeName: string): ApiObject {
    const spec = { attacher: 'ebs.csi.aws.com', nodeName: node, source: { persistentVolumeName } };
    return this.#store.create(volumeAttachments, { metadata: { name }, spec, status: { attached: true } });
  }

  #owner({ owner, ownerGone = false, node }: PodSeed, namespace: string): OwnerReference | undefined {
    if (owner === undefined) return undefined;
    const [kind = '', name = ''] = owner.split('/');
    const type = controllerTypes.find((candidate) => candidate.kind === kind);
    const reference = { kind, name, controller: true, blockOwnerDeletion: true };
    // A Job, or whatever else: the fake keeps no object of it.
    if (type === undefined) return { ...reference, apiVersion: 'batch/v1', uid: `uid-of-${owner}` };
    if (ownerGone) return { ...reference, apiVersion: 'apps/v1', uid: `uid-of-${owner}` };
    const found = this.#store.find(type, name, namespace);
    const replicas = ((found?.spec ?? { replicas: 0 }) as { replicas?: number }).replicas ?? 0;
    const spec = node === undefined && type === daemonSets ? {} : { replicas: replicas + 1 };
    const { metadata } =
      found === undefined
        ? this.#store.create(type, { metadata: { name, namespace, generation: 1 }, spec, status: {} })
        : this.#store.update(type, { ...found, spec });
    return { ...reference, apiVersion: 'apps/v1', uid: metadata.uid };
  }

  #nodeOwner({ node = '' }: PodSeed): OwnerReference {
    const uid = this.#store.find(nodes, node)?.metadata.uid ?? 'uid-of-a-node';
    return { apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true };
  }
}
