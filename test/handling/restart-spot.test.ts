import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodeName as node } from '../daemon/running-daemon.ts';
import { survivesKills } from './killed-life.ts';

function ordinaryPods(api: FakeApiServer): void {
  api.addPod({ name: 'quick', node, owner: 'ReplicaSet/quick' });
  api.addPod({ name: 'slow', node, owner: 'StatefulSet/slow', shutdownMs: 6_000 });
  api.addPod({ name: 'agent', node, owner: 'DaemonSet/agent' });
}

/** Must be asked 15 s after the notice at the latest, and is held by its budget. */
function heldPod(api: FakeApiServer): void {
  api.addPod({ name: 'held', node, owner: 'ReplicaSet/held', labels: { app: 'held' }, graceSeconds: 100 });
  api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
}

test('killed at any point of a spot notice, the node ends as it would have', () =>
  survivesKills({
    cluster: (api) => {
      ordinaryPods(api);
      heldPod(api);
    },
    script: [{ atMs: 2_000, happens: ({ imds }) => imds.interrupt() }],
    lastsMs: 40_000,
  }));
