import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { drainedText, nodeName as node, rarePolls, startDaemon, untilSaid } from './running-daemon.ts';

/** A hundred pods, some of them in everybody's way. */
function busyNode(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
  api.addPod({ name: 'held-0', node, owner: 'ReplicaSet/held', labels: { app: 'held' }, graceSeconds: 60 });
  api.addPod({ name: 'slow', node, owner: 'ReplicaSet/slow', graceSeconds: 600, shutdownMs: 30_000 });
  for (let index = 0; index < 98; index += 1) {
    api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web' });
  }
}

test('the story of a drain reads in under ten lines, each with the same fields', async () => {
  await using daemon = await startDaemon({
    cluster: busyNode,
    env: { ...rarePolls, LOG_FORMAT_VERSION: '2' },
  });
  daemon.imds.interrupt();
  await untilSaid(daemon, drainedText);
  const first = daemon.log.findIndex(({ message }) => message === 'Node marked');
  const story = daemon.log.slice(first);
  assert.ok(story.length < 10, story.map(({ message }) => message).join('\n'));
  for (const line of story) {
    assert.equal(line['node'], node, line.message);
    assert.match(String(line['interruption_id']), /^spot-itn-[0-9a-f]{64}$/, line.message);
    assert.equal(line['kind'], 'SPOT_ITN', line.message);
    assert.match(String(line['phase']), /^(?:received|draining)$/, line.message);
  }
  assert.deepEqual(
    story.map(({ message }) => message).filter((message) => !message.startsWith('Grace periods')),
    [
      'Node marked',
      'Requesting instance drain',
      'Eviction refused, trying again',
      'Pod deleted past its disruption budget, for the machine is about to end',
      drainedText,
    ],
  );
});
