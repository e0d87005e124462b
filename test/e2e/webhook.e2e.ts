import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { TestCluster } from './test-cluster.ts';

const pods = 10;
const drained = 'Node successfully cordoned and drained';

const shared = TestCluster.forThisFile();

test('a webhook receiver that fails twice gets it the third time', async (t) => {
  await using receiver = await WebhookReceiver.start();
  receiver.answers.push(500, (response) => response.destroy(), 200);
  const node = await shared.node(t, { name: 'told' });
  await node.runPods({ count: pods, endsAfterSeconds: 1 });
  const daemon = await node.startDaemon({
    metadata: await node.startMetadata(),
    env: { WEBHOOK_URL: receiver.url },
  });
  await daemon.says(drained);
  await daemon.says('Webhook Success: Notification Sent!');
  assert.equal(receiver.posts.length, 3);
  const texts = receiver.posts.map(({ body }) => (JSON.parse(body) as { text: string }).text);
  assert.equal(new Set(texts).size, 1);
  assert.match(texts[0] ?? '', new RegExp(`Kind: SPOT_ITN .* Node: ${node.name} `, 'u'));
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
});

test('one that hangs holds nothing up', async (t) => {
  await using receiver = await WebhookReceiver.start();
  receiver.answers.push(...Array.from({ length: 20 }, () => 'hang' as const));
  const node = await shared.node(t, { name: 'untold' });
  await node.runPods({ count: pods, endsAfterSeconds: 1 });
  const daemon = await node.startDaemon({
    metadata: await node.startMetadata(),
    env: { WEBHOOK_URL: receiver.url, NTH_WEBHOOK_EVENTS: 'received,done' },
  });
  await daemon.says(drained);
  const evictions = (await node.calls()).filter(({ subresource }) => subresource === 'eviction');
  assert.equal(evictions.length, pods);
  // What is queued has a bounded time.
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
});
