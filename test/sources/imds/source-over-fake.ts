import { Health } from '../../../src/health.ts';
import type { Cancellation, Delivery, Outcome } from '../../../src/interruption/delivery.ts';
import type { Interruption } from '../../../src/interruption/interruption.ts';
import { ImdsIdentity } from '../../../src/sources/imds/identity.ts';
import { ImdsSource, type ImdsSourceOptions } from '../../../src/sources/imds/source.ts';
import { clientOverFake } from './client-over-fake.ts';

export const everyKind = {
  'spot-instance-action': 1000,
  'scheduled-maintenance': 10_000,
  'rebalance-recommendation': 2000,
  'target-lifecycle-state': 1000,
} as const;

/** The source over a fake metadata service, in fake time; what it delivers is kept, and nobody handles it. */
export async function sourceOverFake(options: Partial<ImdsSourceOptions> = {}) {
  const base = await clientOverFake();
  const health = new Health(base.clock);
  const identity = new ImdsIdentity(base);
  const source = new ImdsSource(
    { nodeName: 'node-1', periodsMs: everyKind, ...options },
    { ...base, identity, health, random: () => 0.5 },
  );
  const stopping = new AbortController();
  const delivered: (Delivery | Cancellation)[] = [];
  let pulling: Promise<void> | undefined;

  const pull = async (): Promise<void> => {
    for await (const item of source.deliveries(stopping.signal)) delivered.push(item);
  };

  return {
    ...base,
    health,
    identity,
    source,
    stopping,
    delivered,
    start(): void {
      pulling = pull();
    },
    interruptions: (): Interruption[] =>
      delivered.flatMap((item) => (item.type === 'interruption' ? [item.interruption] : [])),
    cancelled: (): string[] =>
      delivered.flatMap((item) =>
        item.type === 'cancellation' ? [`${item.why} ${item.interruptionId}`] : [],
      ),
    /** Settles all that was delivered. */
    async settleAll(outcome: Outcome): Promise<void> {
      for (const item of delivered) await source.settle(item, outcome);
    },
    async releaseAll(): Promise<void> {
      for (const item of delivered) await source.release(item);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      stopping.abort();
      await pulling;
      await base[Symbol.asyncDispose]();
    },
  };
}
