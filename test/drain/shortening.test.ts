import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deletePod } from '../fakes/api-server/deletion.ts';
import { pods } from '../fakes/api-server/resources.ts';
import { drainingBeforeTheEnd, isEviction } from './before-the-end.ts';

test('a pod that somebody gave far more time than its own is given what the machine has', async () => {
  await using it = await drainingBeforeTheEnd({ graceSeconds: 30, shutdownMs: 900_000 }, ({ api, clock }) => {
    const { store } = api.cluster;
    deletePod({ store, clock }, store.get(pods, 'web-0', 'default'), { gracePeriodSeconds: 600 });
  });
  await it.clock.advance(119_000);
  assert.equal(it.reports.get('node-1')?.complete, true);
});

test('a pod whose shortening hangs as an eviction is shortened by a deletion', async () => {
  await using it = await drainingBeforeTheEnd(
    { graceSeconds: 3_600, shutdownMs: 3_600_000 },
    ({ api, clock }) => {
      const { store } = api.cluster;
      deletePod({ store, clock }, store.get(pods, 'web-0', 'default'), {});
      api.faults.add({ kind: 'hang' }, { when: isEviction });
    },
  );
  await it.clock.advance(119_000);
  assert.equal(it.reports.get('node-1')?.complete, true);
});
