import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { field } from '../../src/aws/answers.ts';
import { createAws } from '../../src/aws/aws.ts';
import { LifecycleHooks } from '../../src/aws/lifecycle-hooks.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { Health } from '../../src/health.ts';
import type { Cancellation, Delivery } from '../../src/interruption/delivery.ts';
import { createMetrics } from '../../src/metrics.ts';
import { Queue } from '../../src/sources/sqs/queue.ts';
import { SqsSource } from '../../src/sources/sqs/source.ts';
import { startAws, type AwsParts } from '../parts/aws.ts';
import { until } from '../parts/until.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { fixture, fixtureNames } from '../sources/sqs/fixtures.ts';

const { signal } = new AbortController();
const timeoutMs = 60_000;

suite('the queue as moto has it', { timeout: 20 * 60_000 }, () => {
  let parts: AwsParts;

  before(async () => {
    parts = await startAws({ clock });
  });
  after(() => parts.stop());

  /** A source over a queue of its own. */
  async function reader(name: string, visibilitySeconds: number) {
    const { log, warnings } = recordedLog();
    const metrics = createMetrics('e2e');
    const skew = new ClockSkew({ against: 'aws' }, { log, metrics });
    const credentials = {
      current: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
      refused: () => {},
    };
    const aws = createAws(
      { region: 'eu-central-1', endpoint: parts.url, userAgent: 'test', proxyFor: () => undefined },
      { clock, log, metrics, skew, credentials },
    );
    const { client } = aws;
    const sqs = (action: string, input: Readonly<Record<string, unknown>>) =>
      client.json({ service: 'sqs', action, input, signal });
    const url = field(await sqs('CreateQueue', { QueueName: name }), 'QueueUrl');
    const hooks = new LifecycleHooks(
      { completeDelaySeconds: 0, heartbeat: undefined },
      { client, clock, log, metrics },
    );
    const source = new SqsSource(
      { visibilitySeconds, mostHeld: 100, unprocessableMessages: 'leave', dryRun: false },
      {
        queue: new Queue({ url, endpoint: new URL(parts.url) }, { client }),
        hooks,
        instancesOfReservation: () => Promise.resolve(['i-0cb']),
        skew,
        clock,
        health: new Health(clock),
        log,
        metrics,
      },
    );
    const intake = new AbortController();
    const delivered: (Delivery | Cancellation)[] = [];
    const pull = async (): Promise<void> => {
      for await (const item of source.deliveries(intake.signal)) delivered.push(item);
    };
    const pulling = pull();
    return {
      source,
      delivered,
      warnings,
      send: (body: string) => sqs('SendMessage', { QueueUrl: url, MessageBody: body }),
      untilDelivered: (count: number) =>
        until(() => Promise.resolve(delivered.length >= count), {
          what: `${count} deliveries have come`,
          timeoutMs,
        }),
      /** Messages that are in the queue, hidden or not. */
      async size(): Promise<number> {
        const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
        const answer = await sqs('GetQueueAttributes', { QueueUrl: url, AttributeNames: names });
        const { Attributes } = answer as { Attributes: Record<string, string> };
        return names.reduce((sum, attribute) => sum + Number(Attributes[attribute]), 0);
      },
      async [Symbol.asyncDispose](): Promise<void> {
        intake.abort();
        await pulling;
        source.close();
        hooks.close();
        aws.close();
      },
    };
  }

  test('every recorded message is delivered, its hook completed, and it is deleted', async () => {
    await using it = await reader('every-kind', 20);
    const hook = { group: 'nodes', token: '0befcbdb-6ecd-498a-9ff7-ae9b54447cd6' };
    for (const name of ['drain', 'ready']) {
      parts.autoScaling.wait({ ...hook, name, instanceId: 'i-0b662ef9931388ba0' });
    }
    for (const name of fixtureNames) await it.send(fixture(name));
    // Three messages of Health name two instances, four messages ask for nothing.
    await it.untilDelivered(fixtureNames.length + 3 - 4);
    await Promise.all(it.delivered.map((item) => it.source.settle(item, 'drained')));
    await until(async () => (await it.size()) === 0, { what: 'the queue is empty', timeoutMs });
    assert.deepEqual(
      parts.autoScaling.hooks.map(({ state }) => state),
      ['continued', 'continued'],
    );
    assert.deepEqual(it.warnings(), []);
  });

  test('a message stays hidden for several timeouts, and is there again when it is given back', async () => {
    await using it = await reader('hidden', 2);
    await it.send(fixture('spot-terminate'));
    await it.untilDelivered(1);
    await clock.sleep(7000);
    assert.equal(it.delivered.length, 1);
    await it.source.release(it.delivered[0] as Delivery, 'not-ours');
    await it.untilDelivered(2);
    await it.source.settle(it.delivered[1] as Delivery, 'drained');
    assert.equal(await it.size(), 0);
  });

  test("with NTH's rights alone a message comes again and is no second delivery", async () => {
    await using it = await reader('few-rights', 2);
    parts.denied.add('ChangeMessageVisibilityBatch');
    await it.send(fixture('spot-terminate'));
    await it.untilDelivered(1);
    await clock.sleep(7000);
    assert.equal(it.delivered.length, 1);
    await it.source.settle(it.delivered[0] as Delivery, 'drained');
    await until(async () => (await it.size()) === 0, { what: 'the queue is empty', timeoutMs });
    assert.deepEqual(
      it.warnings().map(({ fields }) => fields['missing_right']),
      ['sqs:ChangeMessageVisibility'],
    );
    parts.denied.clear();
  });
});
