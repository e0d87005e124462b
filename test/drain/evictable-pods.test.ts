import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidePod, type EvictionRules } from '../../src/drain/evictable-pods.ts';
import type { PodView } from '../../src/kubernetes/cluster.ts';
import { daemonSet, pod } from './pods.ts';

const usual: EvictionRules = {
  ignoreDaemonSets: true,
  deleteLocalData: true,
  self: { name: 'nth-abc', namespace: 'kube-system' },
};

interface Row {
  readonly name: string;
  readonly pod: Partial<PodView>;
  readonly rules?: Partial<EvictionRules>;
  readonly deletedDaemonSets?: readonly string[];
  readonly is: 'leaves' | 'stays' | 'spoils';
  readonly because: RegExp;
}

const rows: readonly Row[] = [
  { name: 'a replica leaves', pod: {}, is: 'leaves', because: /ReplicaSet "cart" will replace it/ },
  {
    name: 'a pod without a controller leaves',
    pod: { owner: undefined },
    is: 'leaves',
    because: /nothing will replace it/,
  },
  { name: 'a static pod stays', pod: { isMirror: true }, is: 'stays', because: /static pod/ },
  {
    name: 'the daemon stays',
    pod: { name: 'nth-abc', namespace: 'kube-system' },
    is: 'stays',
    because: /this daemon/,
  },
  {
    name: 'a namesake of the daemon in another namespace leaves',
    pod: { name: 'nth-abc', namespace: 'shop' },
    is: 'leaves',
    because: /ReplicaSet/,
  },
  {
    name: 'the daemon stays in any namespace where its own is not known',
    pod: { name: 'nth-abc', namespace: 'shop' },
    rules: { self: { name: 'nth-abc', namespace: '' } },
    is: 'stays',
    because: /this daemon/,
  },
  {
    name: 'no pod is the daemon where its name is not known',
    pod: { name: '', namespace: 'shop' },
    rules: { self: { name: '', namespace: '' } },
    is: 'leaves',
    because: /ReplicaSet/,
  },
  { name: 'a DaemonSet pod stays', pod: { owner: daemonSet }, is: 'stays', because: /would put it back$/ },
  {
    name: 'a DaemonSet pod spoils the drain when DaemonSets are not ignored',
    pod: { owner: daemonSet },
    rules: { ignoreDaemonSets: false },
    is: 'spoils',
    because: /ignore-daemon-sets is off/,
  },
  {
    name: 'a pod of a deleted DaemonSet leaves',
    pod: { owner: daemonSet },
    deletedDaemonSets: ['uid-logs'],
    is: 'leaves',
    because: /no longer exists/,
  },
  {
    name: 'a finished pod leaves',
    pod: { phase: 'Succeeded' },
    is: 'leaves',
    because: /has finished/,
  },
  {
    name: 'a finished DaemonSet pod leaves',
    pod: { phase: 'Failed', owner: daemonSet },
    rules: { ignoreDaemonSets: false },
    is: 'leaves',
    because: /has finished/,
  },
  {
    name: 'a finished static pod stays',
    pod: { phase: 'Succeeded', isMirror: true },
    is: 'stays',
    because: /static pod/,
  },
  { name: 'emptyDir data leaves', pod: { usesEmptyDir: true }, is: 'leaves', because: /ReplicaSet/ },
  {
    name: 'emptyDir data spoils the drain when it must be kept',
    pod: { usesEmptyDir: true },
    rules: { deleteLocalData: false },
    is: 'spoils',
    because: /delete-local-data is off/,
  },
  {
    name: 'a finished pod leaves with its emptyDir data',
    pod: { usesEmptyDir: true, phase: 'Failed' },
    rules: { deleteLocalData: false },
    is: 'leaves',
    because: /has finished/,
  },
];

for (const row of rows) {
  test(row.name, () => {
    const decision = decidePod(pod(row.pod), { ...usual, ...row.rules }, new Set(row.deletedDaemonSets));
    const is = decision.leaves ? 'leaves' : decision.spoilsDrain ? 'spoils' : 'stays';
    assert.equal(is, row.is);
    assert.match(decision.because, row.because);
  });
}
