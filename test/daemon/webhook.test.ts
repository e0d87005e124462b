import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { scheduleMaintenance } from './maintenance.ts';
import { WebhookReceiver } from '../fakes/webhook-receiver.ts';
import {
  notDrainedText,
  nodeName,
  rarePolls,
  requestsOf,
  startDaemon,
  untilDrained,
  untilSaid,
  type RunningDaemon,
} from './running-daemon.ts';

const sentText = 'Webhook Success: Notification Sent!';

async function startWith(
  receiver: WebhookReceiver,
  env: Record<string, string> = {},
): Promise<RunningDaemon> {
  return startDaemon({
    env: { ...rarePolls, WEBHOOK_URL: receiver.url, ...env },
    cluster: (api) => {
      api.addNode({ name: nodeName, labels: { team: 'blue' } });
      api.addPod({ name: 'web-1', node: nodeName, owner: 'ReplicaSet/web' });
      api.addPod({ name: 'agent', node: nodeName, owner: 'DaemonSet/agent' });
    },
  });
}

const parsed = (body: string | undefined): Record<string, unknown> =>
  JSON.parse(body ?? '') as Record<string, unknown>;

test("posts NTH's default template as valid JSON, once, after the drain, and tells no secret", async () => {
  await using receiver = await WebhookReceiver.start();
  await using daemon = await startWith(receiver, {
    LOG_LEVEL: 'debug',
    WEBHOOK_HEADERS: '{"Content-Type":"application/json","Authorization":"Bearer hunter2"}',
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  await untilSaid(daemon, sentText);
  await daemon.clock.advance(60_000);
  assert.equal(receiver.posts.length, 1);
  const [post] = receiver.posts;
  assert.equal(post?.headers['authorization'], 'Bearer hunter2');
  assert.equal(post.headers['content-type'], 'application/json');
  assert.match(post.headers['user-agent'] ?? '', /^aws-node-termination-handler\//);
  assert.match(
    String(parsed(post.body)['text']),
    /^\[NTH\]\[Instance Interruption\] EventID: spot-itn-[0-9a-f]{64} - Kind: SPOT_ITN - Instance: i-\w+ - Node: node-a - Description: Spot ITN received\. Instance will be interrupted at \S+ - Start Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/,
  );
  assert.ok(!JSON.stringify(daemon.log).includes('hunter2'));
  assert.equal(requestsOf(daemon.api, 'get', 'nodes').length, 1, 'no request for what nobody asked for');
  assert.equal((await daemon.metrics()).get('nth_webhook_posts_total{outcome="delivered"}'), 1);
});

test('a receiver that fails twice gets it the third time, by the file as it is then', async () => {
  await using receiver = await WebhookReceiver.start();
  const folder = await mkdtemp(join(tmpdir(), 'nth-webhook-'));
  const file = join(folder, 'template');
  await writeFile(file, 'first {{ .Kind }}');
  await using daemon = await startWith(receiver, {
    WEBHOOK_TEMPLATE: 'not {{ .Kind }}',
    WEBHOOK_TEMPLATE_FILE: file,
    ENABLE_REBALANCE_MONITORING: 'true',
    NTH_WEBHOOK_EVENTS: 'received,done',
  });
  receiver.answers.push(500, (response) => response.destroy(), 200);
  daemon.imds.interrupt();
  await untilSaid(daemon, sentText, 2);
  assert.deepEqual(
    receiver.posts.slice(0, 3).map(({ body }) => body),
    ['first SPOT_ITN', 'first SPOT_ITN', 'first SPOT_ITN'],
  );
  assert.equal(daemon.said('Cannot post the webhook, trying again').length, 1);
  assert.equal((await daemon.metrics()).get('nth_webhook_posts_total{outcome="tried-again"}'), 2);

  await writeFile(
    file,
    '{{ .Moment }} {{ .Kind }} {{ .Pods }} {{ .NodeLabels.team }} {{ .Report.Complete }} {{ .Region }}',
  );
  daemon.imds.recommendRebalance();
  await untilSaid(daemon, sentText, 4);
  assert.deepEqual(
    receiver.posts.slice(-2).map(({ body }) => body),
    ['received', 'done'].map((it) => `${it} REBALANCE_RECOMMENDATION [agent] blue false eu-central-1`),
  );

  await writeFile(file, '{{ .Oops }}');
  scheduleMaintenance(daemon.imds, { notBefore: daemon.clock.now() + 3_600_000 });
  await untilSaid(daemon, sentText, 5);
  const kinds = receiver.posts.slice(-2).map(({ body }) => body.split(' ').slice(0, 2).join(' '));
  assert.ok(kinds.includes('received SCHEDULED_EVENT'), 'by the last good one');
  const [trouble] = daemon.said(
    "Cannot use the webhook's template file, posting with the one that was read before",
  );
  assert.match(trouble?.error ?? '', /^line 1, column 4: can't evaluate field Oops/);
  await rm(folder, { recursive: true });
});

test('one that hangs holds nothing up, neither the drain nor the end', async () => {
  await using receiver = await WebhookReceiver.start();
  receiver.answers.push(...Array.from({ length: 20 }, () => 'hang' as const));
  await using daemon = await startWith(receiver, { NTH_WEBHOOK_EVENTS: 'received,done' });
  const from = daemon.clock.now();
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(daemon.clock.now() - from < 45_000, 'the drain took its usual time');
  const stoppedAt = daemon.clock.now();
  daemon.stop();
  await daemon.clock.advanceWhile(daemon.ended);
  assert.ok(daemon.clock.now() - stoppedAt <= 11_000, 'what is queued has a bounded time');
  assert.deepEqual(
    daemon.said('Webhooks were given up before they were posted').map(({ lost }) => lost),
    [2],
  );
});

test('a drain that fails is told once for each trouble, with its report', async () => {
  await using receiver = await WebhookReceiver.start();
  await using daemon = await startDaemon({
    env: {
      ...rarePolls,
      WEBHOOK_URL: receiver.url,
      DELETE_LOCAL_DATA: 'false',
      ENABLE_REBALANCE_DRAINING: 'true',
      WEBHOOK_TEMPLATE:
        '{"moment":{{ .Moment | toJson }},"pods":{{ .Pods | toJson }},"left":[{{ range $i, $p := .Report.LeftBehind }}{{ if $i }},{{ end }}{{ $p.Name | toJson }}{{ end }}],"counts":{{ .Report.Counts | toJson }}}',
    },
    cluster: (api) => {
      api.addNode({ name: nodeName });
      api.addPod({ name: 'scratch', node: nodeName, owner: 'ReplicaSet/web', emptyDir: true });
      api.addPod({ name: 'web-1', node: nodeName, owner: 'ReplicaSet/web' });
    },
  });
  daemon.imds.recommendRebalance();
  await untilSaid(daemon, notDrainedText, 3);
  await daemon.clock.settle();
  assert.deepEqual(
    receiver.posts.map(({ body }) => parsed(body)),
    [{ moment: 'failed', pods: ['scratch', 'web-1'], left: ['scratch'], counts: { evicted: 1, kept: 1 } }],
  );
});

test('a dry run posts where that is asked for, and a body that is no JSON is told of once', async () => {
  await using receiver = await WebhookReceiver.start();
  const env = { DRY_RUN: 'true', WEBHOOK_TEMPLATE: '{"a": "{{ .Description }}"}' };
  {
    await using daemon = await startWith(receiver, env);
    daemon.imds.interrupt();
    await daemon.clock.advance(30_000);
    assert.equal(receiver.posts.length, 0);
  }
  await using daemon = await startWith(receiver, {
    ...env,
    NTH_WEBHOOK_IN_DRY_RUN: 'true',
    ENABLE_REBALANCE_MONITORING: 'true',
  });
  daemon.imds.interrupt();
  await untilSaid(daemon, sentText);
  daemon.imds.recommendRebalance();
  await untilSaid(daemon, sentText, 2);
  assert.equal(
    daemon.log.filter(({ message }) => message.startsWith("The webhook's body is not JSON")).length,
    1,
  );
});
