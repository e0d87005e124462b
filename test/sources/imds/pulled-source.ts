import type { ClockSkew } from '../../../src/clock-skew.ts';
import type { Clock } from '../../../src/clock.ts';
import { Health } from '../../../src/health.ts';
import type { Cancellation, Delivery, Outcome } from '../../../src/interruption/delivery.ts';
import type { Interruption } from '../../../src/interruption/interruption.ts';
import type { Logger } from '../../../src/logger.ts';
import type { Metrics } from '../../../src/metrics.ts';
import type { MetadataReader } from '../../../src/sources/imds/client.ts';
import { ImdsIdentity } from '../../../src/sources/imds/identity.ts';
import { ImdsSource, type ImdsSourceOptions } from '../../../src/sources/imds/source.ts';

export const everyKind = {
  'spot-instance-action': 1000,
  'scheduled-maintenance': 10_000,
  'rebalance-recommendation': 2000,
  'target-lifecycle-state': 1000,
} as const;

export interface PulledSourceModules {
  readonly client: MetadataReader;
  readonly skew: ClockSkew;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A source without jitter; what it delivers is kept, and nobody handles it. */
export function pulledSource(modules: PulledSourceModules, options: Partial<ImdsSourceOptions> = {}) {
  const health = new Health(modules.clock);
  const identity = new ImdsIdentity(modules);
  const source = new ImdsSource(
    { nodeName: 'node-1', periodsMs: everyKind, ...options },
    { ...modules, identity, health, random: () => 0.5 },
  );
  const stopping = new AbortController();
  const delivered: (Delivery | Cancellation)[] = [];
  let pulling: Promise<void> | undefined;

  const pull = async (): Promise<void> => {
    for await (const item of source.deliveries(stopping.signal)) delivered.push(item);
  };

  return {
    health,
    source,
    stopping,
    delivered,
    start(): void {
      pulling = pull();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await pulling;
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
  };
}
