export interface Theft {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly says: string;
}

/** What somebody with the token of the pod on `own` tries, and what is said to it. */
export function thefts({ own, other, namespace }: Record<'own' | 'other' | 'namespace', string>): Theft[] {
  const node = (name: string): string => `/api/v1/nodes/${name}`;
  const pod = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`;
  const notItsNode = 'Cannot change this node: the token is for a pod on "own-node"';
  const notItsPod = 'Cannot change or delete this pod: the token is for a pod on "own-node"';
  const merged = 'application/strategic-merge-patch+json';
  const patches: readonly (readonly [string, string, object, string])[] = [
    ['cordon another node', node(other), { spec: { unschedulable: true } }, notItsNode],
    [
      'taint another node',
      node(other),
      { spec: { taints: [{ key: 'aws-node-termination-handler/spot-itn', effect: 'NoExecute' }] } },
      notItsNode,
    ],
    [
      'change a foreign label of its own node',
      node(own),
      { metadata: { labels: { 'kubernetes.io/os': 'plan9' } } },
      'Cannot change labels other than those',
    ],
    [
      'take a foreign label off its own node',
      node(own),
      { metadata: { labels: { place: null } } },
      'Cannot change labels other than those',
    ],
    [
      'change a foreign annotation',
      node(own),
      { metadata: { annotations: { a: 'b' } } },
      'Cannot change annotations other than those',
    ],
    [
      'set a foreign taint',
      node(own),
      { spec: { taints: [{ key: 'mine', effect: 'NoExecute' }] } },
      'Cannot change taints other than those',
    ],
    [
      'keep its own node from being deleted',
      node(own),
      { metadata: { finalizers: ['example.com/mine'] } },
      'Cannot change more of a node than its cordon',
    ],
    [
      'change the capacity of its own node',
      `${node(own)}/status`,
      { status: { capacity: { cpu: '7' } } },
      'Cannot change more of a node than its cordon',
    ],
    [
      'set a condition of the kubelet',
      `${node(own)}/status`,
      { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      'Cannot change conditions other than those',
    ],
    [
      'label another node by its status',
      `${node(other)}/status`,
      { metadata: { labels: { team: 'mine' } } },
      notItsNode,
    ],
    [
      'change the status of a pod of another node',
      `${pod('elsewhere-0')}/status`,
      { status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } },
      notItsPod,
    ],
    [
      'change more of a pod on its own node',
      `${pod('web-0')}/status`,
      { status: { phase: 'Failed' } },
      'Cannot change more of a pod than its condition',
    ],
    [
      'relabel a pod on its own node by its status',
      `${pod('web-0')}/status`,
      { metadata: { labels: { app: 'other' } } },
      'Cannot change more of a pod than its condition',
    ],
  ];
  return [
    ...patches.map(([what, path, body, says]) => ({
      what,
      method: 'PATCH',
      path,
      body,
      contentType: merged,
      says,
    })),
    { what: 'delete a pod of another node', method: 'DELETE', path: pod('elsewhere-0'), says: notItsPod },
    {
      what: 'evict a pod of another node',
      method: 'POST',
      path: `${pod('elsewhere-0')}/eviction`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'elsewhere-0', namespace } },
      says: 'Cannot evict this pod: the token is for a pod on "own-node"',
    },
    { what: 'read Secrets', method: 'GET', path: '/api/v1/secrets', says: 'cannot list resource' },
    {
      what: 'delete all pods at once',
      method: 'DELETE',
      path: `/api/v1/namespaces/${namespace}/pods`,
      says: 'cannot deletecollection resource',
    },
  ];
}
