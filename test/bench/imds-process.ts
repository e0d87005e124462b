// The fake metadata service as a process of its own, so that the daemon's figures are the daemon's alone.
import { systemClock } from '../../src/clock.ts';
import { FakeImds } from '../fakes/imds.ts';
import type { ImdsAnswer, ImdsOrder } from './metadata-service.ts';

const imds = await FakeImds.start({ allowsVersion1: false }, { clock: systemClock });
imds.set('autoscaling/target-lifecycle-state', 'InService');
imds.set('events/maintenance/scheduled', []);
imds.set('events/maintenance/history', []);

function carryOut(order: ImdsOrder): ImdsAnswer {
  switch (order) {
    case 'interrupt': {
      const atMs = Date.now();
      return { atMs, endsAtMs: imds.interrupt() };
    }
    case 'requests':
      return imds.requests.map(({ at, path, code }) => ({ atMs: at, path, code }));
  }
}

process.on('message', (order: ImdsOrder) => {
  process.send?.(carryOut(order));
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.({ url: imds.url });
