import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  getText,
  nodeName as node,
  notDrainedText,
  portOf,
  startDaemon,
  untilSaid,
} from './running-daemon.ts';

function slowPod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'slow', node, owner: 'ReplicaSet/web', shutdownMs: 20_000 });
}

const env = { ENABLE_PROBES_SERVER: 'true', PROBES_SERVER_PORT: '0' };

test('with nothing in hand, stopping ends it at once', async () => {
  await using daemon = await startDaemon({ env });
  await daemon.clock.advance(5000);
  daemon.stop();
  await daemon.clock.advanceWhile(daemon.ended, { maxMs: 2000 });
  assert.equal(daemon.clock.pendingSleeps, 0);
  assert.deepEqual(daemon.api.requests, []);
});

test('a drain in flight goes on after stopping, takes nothing new, and HTTP answers to the end', async () => {
  await using daemon = await startDaemon({
    cluster: slowPod,
    env: { ...env, ENABLE_REBALANCE_DRAINING: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).length > 0);
  daemon.stop();
  imds.recommendRebalance();
  await clock.advance(10_000);
  const probes = portOf(daemon, '/healthz');
  assert.equal(JSON.parse(await getText(probes, '/healthz')).health, 'OK');
  assert.equal((await daemon.metrics()).get('nth_workflows{phase="draining"}'), 1);
  assert.deepEqual(daemon.said(drainedText), []);
  const polls = imds.requests.length;
  await clock.advanceWhile(daemon.ended);
  assert.equal(imds.requests.length, polls, 'no more polls');
  assert.equal(daemon.said(drainedText).length, 1);
  assert.deepEqual(api.pods(node), []);
  assert.equal(daemon.said(drainedText)[0]?.['kind'], 'SPOT_ITN');
  await assert.rejects(getText(probes, '/healthz'), /ECONNREFUSED/);
  // The fake's own timers are all that is left.
  assert.equal(api.watches.open, 0);
});

test('killing ends a drain where it stands, and the next start takes it up', async () => {
  await using daemon = await startDaemon({ cluster: slowPod, env });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).length > 0);
  daemon.stop();
  daemon.kill();
  await clock.advanceWhile(daemon.ended, { maxMs: 2000 });
  assert.ok(api.pod('slow'));
  assert.deepEqual(daemon.said(drainedText), []);
  assert.deepEqual(daemon.said(notDrainedText), []);
  assert.deepEqual(
    daemon.log.filter(({ level }) => level !== 'info'),
    [],
  );
  assert.equal(api.watches.open, 0);

  await daemon.startAgain();
  await untilSaid(daemon, drainedText);
  assert.equal(evictions(api).length, 1, 'the pod shuts down already');
  const patches = api.requests
    .filter(({ verb }) => verb === 'patch')
    .map(({ body }) => JSON.parse(body) as object);
  assert.equal(
    patches.filter((patch) => 'spec' in patch && JSON.stringify(patch.spec) !== '{}').length,
    1,
    'marked once',
  );
});

for (const [what, when] of [
  ['the mark', ({ verb }: { verb: string }) => verb === 'patch'],
  ['the list', ({ verb }: { verb: string }) => verb === 'list'],
  ['the watch', ({ verb }: { verb: string }) => verb === 'watch'],
  ['an eviction', ({ subresource }: { subresource: string }) => subresource === 'eviction'],
] as const) {
  test(`killing does not wait for ${what} that nobody answers`, async () => {
    await using daemon = await startDaemon({ cluster: slowPod, env });
    const { api, clock, imds } = daemon;
    api.faults.add({ kind: 'hang' }, { when });
    imds.interrupt();
    await clock.advance(8000);
    assert.ok(api.requests.some(when));
    daemon.stop();
    daemon.kill();
    await clock.advanceWhile(daemon.ended, { maxMs: 2000 });
  });
}

test('killing alone ends the daemon as well', async () => {
  await using daemon = await startDaemon({ env });
  daemon.kill();
  await daemon.clock.advanceWhile(daemon.ended, { maxMs: 2000 });
});
