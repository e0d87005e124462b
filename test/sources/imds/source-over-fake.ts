import type { ImdsSourceOptions } from '../../../src/sources/imds/source.ts';
import { clientOverFake } from './client-over-fake.ts';
import { pulledSource } from './pulled-source.ts';

/** The source over a fake metadata service, in fake time. */
export async function sourceOverFake(options: Partial<ImdsSourceOptions> = {}) {
  const base = await clientOverFake();
  const pulled = pulledSource(base, options);
  return {
    ...base,
    ...pulled,
    async [Symbol.asyncDispose](): Promise<void> {
      await pulled.stop();
      await base[Symbol.asyncDispose]();
    },
  };
}
