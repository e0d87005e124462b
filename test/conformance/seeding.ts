import assert from 'node:assert/strict';
import type { Api, Reply } from './api.ts';

export interface PodWish {
  readonly name: string;
  readonly namespace: string;
  /** @default 'node-of-<namespace>', which need not exist */
  readonly node?: string | undefined;
  /** @default 'Running' */
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** @default while running */
  readonly ready?: boolean;
  readonly graceSeconds?: number;
  readonly labels?: Record<string, string>;
  readonly finalizers?: string[];
  readonly owner?: { apiVersion: string; kind: string; name: string; uid: string };
}

export function podPath(namespace: string, name = ''): string {
  return `/api/v1/namespaces/${namespace}/pods${name === '' ? '' : `/${name}`}`;
}

/** A node without the taint that new nodes get. */
export async function createNode(api: Api, name: string, fields: object = {}): Promise<void> {
  expectCode(await api.post('/api/v1/nodes', { metadata: { name, ...fields } }), 201);
  const conditions = [
    { type: 'MemoryPressure', status: 'False', reason: 'Enough' },
    { type: 'Ready', status: 'True', reason: 'KubeletReady' },
  ];
  expectCode(await api.patch(`/api/v1/nodes/${name}`, 'merge', { spec: { taints: null } }), 200);
  const path = `/api/v1/nodes/${name}/status`;
  expectCode(await api.patch(path, 'strategic-merge', { status: { conditions } }), 200);
}

/** A pod in the state wished for, as its kubelet would have left it. */
export async function createPod(api: Api, wish: PodWish): Promise<Reply> {
  const { name, namespace, phase = 'Running', ready = phase === 'Running', graceSeconds = 30 } = wish;
  const node = 'node' in wish ? wish.node : `node-of-${namespace}`;
  const pod = {
    metadata: {
      name,
      namespace,
      labels: wish.labels ?? {},
      finalizers: wish.finalizers ?? [],
      ownerReferences: wish.owner === undefined ? [] : [{ ...wish.owner, controller: true }],
    },
    spec: {
      ...(node !== undefined && { nodeName: node }),
      terminationGracePeriodSeconds: graceSeconds,
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image: 'example.com/main:1' }],
    },
  };
  expectCode(await api.post(podPath(namespace), pod), 201);
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const path = `${podPath(namespace, name)}/status`;
  const reply = await api.patch(path, 'strategic-merge', { status: { phase, conditions } });
  expectCode(reply, 200);
  return reply;
}

export interface BudgetState {
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  /** Whether the controller has seen the budget as it is. @default true */
  readonly observed?: boolean;
}

export function budgetPath(namespace: string, name: string): string {
  return `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}`;
}

/** A budget over the pods labelled `app: <app>`, its status as its controller would have left it. */
export async function createBudget(
  api: Api,
  budget: { name: string; namespace: string; app: string; spec?: object },
  state: BudgetState,
): Promise<void> {
  const { name, namespace, app } = budget;
  const spec = { selector: { matchLabels: { app } }, minAvailable: 1, ...budget.spec };
  const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
  expectCode(await api.post(path, { metadata: { name, namespace }, spec }), 201);
  const { observed = true, ...counts } = state;
  const status = { ...counts, expectedPods: state.currentHealthy, observedGeneration: observed ? 1 : 0 };
  expectCode(await api.patch(`${budgetPath(namespace, name)}/status`, 'merge', { status }), 200);
}

export async function evict(
  api: Api,
  pod: { namespace: string; name: string },
  deleteOptions?: object,
  apiVersion = 'policy/v1',
): Promise<Reply> {
  return api.post(`${podPath(pod.namespace, pod.name)}/eviction`, eviction(pod, deleteOptions, apiVersion));
}

export function eviction(
  pod: { namespace: string; name: string },
  deleteOptions?: object,
  apiVersion = 'policy/v1',
) {
  const { name, namespace } = pod;
  return {
    apiVersion,
    kind: 'Eviction',
    metadata: { name, namespace },
    ...(deleteOptions && { deleteOptions }),
  };
}

export function expectCode(reply: Reply, code: number): void {
  assert.equal(reply.code, code, reply.text);
}
