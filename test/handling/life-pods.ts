import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodeName as node } from '../daemon/running-daemon.ts';

/** Gone within 6 s, but the DaemonSet's, which stays. */
export function ordinaryPods(api: FakeApiServer): void {
  api.addPod({ name: 'quick', node, owner: 'ReplicaSet/quick' });
  api.addPod({ name: 'slow', node, owner: 'StatefulSet/slow', shutdownMs: 6_000 });
  api.addPod({ name: 'agent', node, owner: 'DaemonSet/agent' });
}

/** Its budget never lets it go. It must be asked 15 s after a Spot notice at the latest. */
export function heldPod(api: FakeApiServer): void {
  api.addPod({ name: 'held', node, owner: 'ReplicaSet/held', labels: { app: 'held' }, graceSeconds: 100 });
  api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
}

export function withHeldPod(api: FakeApiServer): void {
  ordinaryPods(api);
  heldPod(api);
}
