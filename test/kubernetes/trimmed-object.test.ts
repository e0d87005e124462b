import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrimmed } from '../../src/kubernetes/trimmed-object.ts';

const managedFields = [
  {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2030-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:finalizers': { '.': {}, 'v:"example.com/keep"': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {} } } },
    },
  },
  { manager: 'kubelet', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': {} } },
];

/** Strings that look like the text that is cut at. */
const lookAlike =
  ',"managedFields":[{}]},"spec":{"containers":[{"name":"x"}],"restartPolicy":"Never","images":[{}]';

/** In the order of the API server, with all that may be mistaken for what is left out. */
const pod = {
  metadata: {
    name: 'web-1',
    labels: { containers: 'web', images: 'none' },
    annotations: { last: lookAlike },
    finalizers: ['example.com/keep'],
    managedFields,
  },
  spec: {
    volumes: [
      {
        name: 'scratch',
        ephemeral: {
          volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: { storageClassName: 'gp3' } },
        },
      },
      { name: 'data', emptyDir: {} },
    ],
    initContainers: [
      { name: 'proxy', image: 'proxy:1', resizePolicy: [{ resourceName: 'cpu' }], restartPolicy: 'Always' },
    ],
    containers: [
      { name: 'main', image: 'main:1', env: [{ name: 'A', value: lookAlike }] },
      { name: 'job', image: 'job:1', resizePolicy: [{ resourceName: 'cpu' }], restartPolicy: 'Never' },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 60,
    nodeName: 'node-1',
    priorityClassName: 'high',
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'main', state: { running: {} }, image: 'main:1' }],
  },
};

const node = {
  metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' }, managedFields },
  spec: { providerID: 'aws:///eu-west-1a/i-0123456789abcdef0', taints: [{ key: 'a', effect: 'NoSchedule' }] },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    images: [
      { names: ['web@sha256:0', 'web:1'], sizeBytes: 1 },
      { names: [], sizeBytes: 2 },
    ],
    volumesInUse: ['a'],
    volumesAttached: [{ name: 'a', devicePath: '' }],
  },
};

test('of a pod all is read but its managed fields and its containers', () => {
  assert.deepEqual(parseTrimmed(JSON.stringify(pod)), {
    ...pod,
    metadata: { ...pod.metadata, managedFields: [] },
    spec: { ...pod.spec, containers: [] },
  });
});

test('of a node all is read but its managed fields and its images', () => {
  assert.deepEqual(parseTrimmed(JSON.stringify(node)), {
    ...node,
    metadata: { ...node.metadata, managedFields: [] },
    status: { ...node.status, images: [] },
  });
});

const { managedFields: _, ...ownMetadata } = pod.metadata;
const whole: Readonly<Record<string, unknown>> = {
  'a pod of a server that keeps no managed fields': { ...pod, metadata: ownMetadata, spec: { volumes: [] } },
  'a pod in another order': { status: pod.status, spec: { nodeName: 'n' }, metadata: pod.metadata },
  'a container that ends the object': { spec: { restartPolicy: 'Always', containers: [{ name: 'main' }] } },
  'images of something else': { spec: { images: ['a'] } },
  'a bookmark': { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '7' }, spec: {} } },
};
for (const [what, object] of Object.entries(whole)) {
  test(`${what} is read whole`, () => {
    assert.deepEqual(parseTrimmed(JSON.stringify(object)), object);
  });
}

test('written by somebody else, with blanks, it is read whole', () => {
  const text = JSON.stringify(pod, undefined, 1);
  assert.deepEqual(parseTrimmed(text), pod);
});

test('what has no JSON left once it is cut is read whole', () => {
  const torn = '{"images":[[{"a":1}],[{"b":[{}]}]]}';
  assert.deepEqual(parseTrimmed(torn), JSON.parse(torn));
});

test('what is no JSON is given as it is', () => {
  assert.equal(parseTrimmed('too many requests'), 'too many requests');
});
