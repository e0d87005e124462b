import { ClockSkew } from '../../../src/clock-skew.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { ImdsSourceOptions } from '../../../src/sources/imds/source.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { pulledSource } from './pulled-source.ts';
import { recordedLog } from './recorded-log.ts';
import { ShownDocuments } from './shown-documents.ts';

/** The source over documents without HTTP, in fake time. */
export function sourceOverDocuments(options: Partial<ImdsSourceOptions> = {}) {
  const clock = new FakeClock();
  const { log, records, warnings } = recordedLog();
  const metrics = createMetrics('test');
  const skew = new ClockSkew({ against: 'imds' }, { log, metrics });
  const imds = new ShownDocuments({ clock });
  const pulled = pulledSource({ client: imds, skew, clock, log, metrics }, options);
  return {
    ...pulled,
    clock,
    imds,
    metrics,
    skew,
    records,
    warnings,
    async [Symbol.asyncDispose](): Promise<void> {
      await pulled.stop();
    },
  };
}
