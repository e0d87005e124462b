import { createAws } from '../../../src/aws/aws.ts';
import { LifecycleHooks, type LifecycleHooksOptions } from '../../../src/aws/lifecycle-hooks.ts';
import { ClockSkew } from '../../../src/clock-skew.ts';
import { Health } from '../../../src/health.ts';
import type { Cancellation, Delivery, Outcome } from '../../../src/interruption/delivery.ts';
import type { Interruption } from '../../../src/interruption/interruption.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { Queue } from '../../../src/sources/sqs/queue.ts';
import { SqsSource, type SqsSourceOptions } from '../../../src/sources/sqs/source.ts';
import { FakeAws } from '../../fakes/aws.ts';
import { FakeClock } from '../../fakes/clock.ts';
import type { FakeQueueOptions } from '../../fakes/sqs/queue.ts';
import { recordedLog } from '../imds/recorded-log.ts';

export interface RunningSourceOptions {
  readonly queue?: FakeQueueOptions;
  readonly source?: Partial<SqsSourceOptions>;
  readonly hooks?: Partial<LifecycleHooksOptions>;
  /** What EC2 would say of a capacity reservation. @default none */
  readonly instancesOfReservation?: (id: string) => Promise<readonly string[]>;
  readonly aws?: FakeAws;
  readonly clock?: FakeClock;
}

/** The source over a fake AWS, in fake time; what it delivers is kept, and nobody handles it. */
export async function runningSource(options: RunningSourceOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  const metrics = createMetrics('test');
  const aws = options.aws ?? (await FakeAws.start(options.queue ?? {}, { clock }));
  const health = new Health(clock);
  const { log, records, warnings } = recordedLog();
  const skew = new ClockSkew({ against: 'aws' }, { log, metrics });
  let refusals = 0;
  const credentials = {
    current: () =>
      Promise.resolve({
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'secret',
        sessionToken: `token-${refusals}`,
      }),
    refused: () => {
      refusals += 1;
    },
  };
  const calls = createAws(
    { region: 'eu-central-1', endpoint: aws.url, userAgent: 'test', proxyFor: () => undefined },
    { clock, log, metrics, skew, credentials },
  );
  const { client } = calls;
  const hooks = new LifecycleHooks(
    { completeDelaySeconds: 0, heartbeat: undefined, ...options.hooks },
    { client, clock, log, metrics, random: () => 0.5 },
  );
  const source = new SqsSource(
    {
      visibilitySeconds: 20,
      mostHeld: 2000,
      unprocessableMessages: 'leave',
      dryRun: false,
      ...options.source,
    },
    {
      queue: new Queue({ url: aws.queueUrl, endpoint: new URL(aws.url) }, { client }),
      hooks,
      instancesOfReservation: options.instancesOfReservation ?? (() => Promise.resolve([])),
      skew,
      clock,
      health,
      log,
      metrics,
      random: () => 0.5,
    },
  );
  const intake = new AbortController();
  const delivered: (Delivery | Cancellation)[] = [];
  let pulling: Promise<void> | undefined;

  const pull = async (): Promise<void> => {
    for await (const item of source.deliveries(intake.signal)) delivered.push(item);
  };

  const valueOf = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> => {
    const metric = metrics.registry.getSingleMetric(name);
    const { values } = (await metric?.get()) ?? { values: [] };
    return values
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  };

  return {
    clock,
    aws,
    sqs: aws.sqs,
    queue: aws.sqs.queue,
    metrics,
    health,
    records,
    warnings,
    skew,
    hooks,
    source,
    delivered,
    valueOf,
    /** Sends messages and pulls until they have come. */
    start(): void {
      pulling = pull();
    },
    /** Ends the intake; what runs goes on. */
    async stopIntake(): Promise<void> {
      intake.abort();
      if (pulling) await clock.advanceWhile(pulling);
    },
    interruptions: (): Interruption[] =>
      delivered.flatMap((item) => (item.type === 'interruption' ? [item.interruption] : [])),
    /** Until so many were delivered in all. */
    async untilDelivered(count: number, maxMs = 60_000): Promise<void> {
      await clock.advanceUntil(() => delivered.length >= count, { maxMs });
    },
    async settle(item: Delivery | Cancellation | undefined, outcome: Outcome): Promise<void> {
      if (item === undefined) throw new Error('Nothing was delivered');
      await clock.advanceWhile(source.settle(item, outcome));
    },
    async settleAll(outcome: Outcome = 'drained'): Promise<void> {
      await clock.advanceWhile(Promise.all(delivered.map((item) => source.settle(item, outcome))));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      intake.abort();
      source.close();
      hooks.close();
      calls.close();
      await aws.stop();
    },
  };
}
