import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  startDaemon,
  untilDrained,
  type RunningDaemon,
} from './running-daemon.ts';

function pods(api: FakeApiServer): void {
  api.addNode({ name: node });
  for (let index = 0; index < 10; index += 1) {
    api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web', shutdownMs: 3000 });
  }
}

function troubles({ log }: RunningDaemon): string[] {
  return log.filter(({ level }) => level !== 'info').map(({ message }) => message);
}

test('an API server that is away when the notice comes is waited for, and said once', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  const { api, clock, imds } = daemon;
  await api.goAway();
  imds.interrupt();
  await clock.advance(40_000);
  await api.restart();
  await untilDrained(daemon);
  assert.deepEqual(api.pods(node), []);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.deepEqual(troubles(daemon), [
    'Cannot mark the node, trying again',
    'Cannot list the pods of the node, trying again',
  ]);
});

test('an API server that goes away for 20 s in mid-drain costs 20 s, and no pod', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  const { api, clock, imds } = daemon;
  api.faults.add({ kind: 'drop-before' }, { when: ({ name }) => /web-[3-9]/.test(name), times: 7 });
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).some(({ code }) => code === 201));
  const asked = evictions(api).filter(({ code }) => code === 201).length;
  assert.ok(asked < 10);
  await api.goAway();
  await clock.advance(20_000);
  await api.restart();
  const backAt = clock.now();
  await untilDrained(daemon);
  assert.ok(clock.now() - backAt < 12_000, `${clock.now() - backAt} ms after it was back`);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { evicted: 10 });
});

test('a connection that died without a word holds the mark up for 10 s only', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  const { api, clock, imds } = daemon;
  api.faults.add({ kind: 'hang' }, { when: ({ resource }) => resource === 'nodes', times: 1 });
  imds.interrupt();
  await clock.advanceUntil(() => api.requests.length > 0);
  await clock.advance(11_000);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.match(daemon.log.find(({ level }) => level === 'error')?.error ?? '', /no answer within 10 s/);
  await untilDrained(daemon);
});

test('an eviction that the server holds for 10 s, as it does for a stale UID, is not given up', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  const { api, imds } = daemon;
  api.faults.add(
    { kind: 'delay', ms: 12_000 },
    { when: ({ subresource }) => subresource === 'eviction', times: 10 },
  );
  imds.interrupt();
  await untilDrained(daemon);
  assert.equal(evictions(api).length, 10);
});

test('with kube-api-qps the watch waits its turn, however long, and is no failure', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (let index = 0; index < 60; index += 1)
        api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web' });
    },
    env: { KUBE_API_QPS: '1', KUBE_API_BURST: '3' },
  });
  const { api, imds } = daemon;
  imds.interrupt();
  await untilDrained(daemon);
  const watches = api.requests.filter(({ verb }) => verb === 'watch');
  // The drain takes a minute, a watch half of one: it is renewed, and never fails.
  assert.ok(watches.length >= 1 && watches.length <= 3, `${watches.length} watches`);
  assert.ok(watches.every(({ code }) => code === 200));
  const [first] = api.requests;
  assert.ok((evictions(api).at(-1)?.at ?? 0) - (first?.at ?? 0) >= 58_000);
  const metrics = await daemon.metrics();
  const failed = [...metrics.keys()].filter((name) => name.includes('code="none"'));
  assert.deepEqual(failed, []);
});
