import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Intake } from '../../src/handling/intake.ts';
import { OwnNode } from '../../src/handling/own-node.ts';
import type { Delivery, Source } from '../../src/interruption/delivery.ts';
import type { ApiClient } from '../../src/kubernetes/api-client.ts';
import type { Cluster, PodView } from '../../src/kubernetes/cluster.ts';
import { KubernetesEvents } from '../../src/kubernetes/events.ts';
import { NodeConditions } from '../../src/kubernetes/node-conditions.ts';
import { createMetrics } from '../../src/metrics.ts';
import { ConditionWatcher } from '../../src/notify/condition-watcher.ts';
import { NodeEvents } from '../../src/notify/node-events.ts';
import { pod } from '../drain/pods.ts';
import { FakeClock } from '../fakes/clock.ts';
import { spot } from '../interruption/interruptions.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { drainsEverything } from './drains-everything.ts';

const batches = 100;
const perBatch = 100;
const batchMs = 600_000;

/** Pods that leave as soon as they are asked. HTTP is other tests' subject, and would take minutes here. */
function obligingCluster(): Cluster {
  const asked = new Map<string, () => void>();
  const podOf = (node: string): PodView => pod({ name: `web-${node}`, uid: `uid-${node}` });
  return {
    markNode: () => Promise.resolve('marked'),
    memoryOf: () => Promise.resolve(undefined),
    podsOn: (node) => Promise.resolve({ pods: [podOf(node)] }),
    followPods(node, _urgency, take, signal) {
      take({ type: 'all', pods: [podOf(node)] });
      asked.set(`uid-${node}`, () => take({ type: 'gone', uid: `uid-${node}` }));
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    evict: ({ uid }) => {
      asked.get(uid)?.();
      asked.delete(uid);
      return Promise.resolve({ answer: 'asked' });
    },
    deletePod: () => Promise.reject(new Error('nobody is deleted here')),
    async *budgetsIn() {},
    async *attachmentsOn() {},
    isNodeReady: () => Promise.resolve(true),
    daemonSetExists: () => Promise.resolve(true),
  };
}

/** Takes whatever is asked of it. */
const obligingClient = {
  request: () => Promise.resolve({ status: 201, body: { metadata: { name: 'x' } }, retryAfterMs: undefined }),
  expect: () => Promise.resolve({ metadata: { uid: 'u' }, status: { conditions: [] } }),
} as unknown as ApiClient;

/** Lends what it is told to, and counts what is given back. */
class CountingSource implements Source {
  readonly name = 'imds';
  settled = 0;
  readonly #waiting: Delivery[] = [];
  #wake = Promise.withResolvers<void>();

  lend(index: number, at: number): void {
    const interruption = spot({
      id: `spot-itn-${index}`,
      where: { nodeName: `node-${index}` },
      seenAt: at,
      deadline: at + 120_000,
      description: `Spot ITN received. Instance will be interrupted at ${at} \n`,
    });
    this.#waiting.push({ type: 'interruption', interruption, source: this.name, handle: undefined });
    this.#wake.resolve();
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery> {
    intake.addEventListener('abort', () => this.#wake.resolve());
    while (!intake.aborted) {
      yield* this.#waiting.splice(0);
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  settle(): Promise<void> {
    this.settled += 1;
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.reject(new Error('nothing is released here'));
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Every interruption, from the source to the settling. */
async function play() {
  const clock = new FakeClock();
  const metrics = createMetrics('test');
  const { log: logger, warnings } = recordedLog();
  const shared = { clock, logger: { ...logger, info: () => {} }, metrics };
  shared.logger.child = () => shared.logger;
  const cluster = obligingCluster();
  const source = new CountingSource();
  const options = drainsEverything;
  const events = new KubernetesEvents(
    { host: 'the-host', annotate: () => Promise.resolve({}) },
    { ...shared, client: obligingClient },
  );
  const conditions = new NodeConditions({ ...shared, client: obligingClient });
  const records = new OwnNode(
    { node: 'node-0', policy: options.policy, unmarksSurvivors: false },
    { ...shared, cluster, bootedAt: () => Promise.resolve(0), isShown: () => false },
  );
  const observers = [new NodeEvents({ sink: events }), new ConditionWatcher({ sink: conditions })];
  const intake = new Intake(options, { ...shared, cluster, records, sources: [source], observers });
  const ends = new AbortController();
  const sending = events.run();
  const running = intake.run(ends.signal, new AbortController().signal);

  const figures = async () => ({
    series: (await metrics.registry.metrics()).split('\n').filter((line) => !/^(?:#|$)/.test(line)).length,
    heap: heapBytes(),
  });
  const playBatches = async (from: number, to: number): Promise<void> => {
    for (let batch = from; batch < to; batch += 1) {
      for (let index = 0; index < perBatch; index += 1) source.lend(batch * perBatch + index, clock.now());
      await clock.advance(batchMs);
    }
  };
  // An hour's series of single nodes are kept, and 2,000 events for their counts.
  await playBatches(0, 40);
  const before = await figures();
  await playBatches(40, batches);
  const after = await figures();

  ends.abort();
  events.end(3_000);
  await clock.advanceWhile(Promise.all([running, sending, conditions.end(3_000)]));
  const outcomes = (await metrics.podOutcomes.get()).values;
  return {
    before,
    after,
    settled: source.settled,
    warnings: warnings(),
    evicted: outcomes.find(({ labels }) => labels['outcome'] === 'evicted')?.value,
  };
}

// Not within the test, whose runner follows each promise, and takes as long for that as the work does.
const played = await play();

test('10,000 interruptions leave neither series nor memory behind', () => {
  const { before, after, settled, evicted, warnings } = played;
  assert.equal(settled, batches * perBatch);
  assert.equal(evicted, batches * perBatch);
  assert.deepEqual(warnings, []);
  assert.equal(after.series, before.series);
  const grownBytes = after.heap - before.heap;
  assert.ok(grownBytes < 3_000_000, `6,000 interruptions left ${grownBytes} bytes`);
});
