import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, loaded, loadWith } from './load-with.ts';

const probes = { ENABLE_PROBES_SERVER: 'true' };

test('in IMDS mode the page is served where it is asked for', async () => {
  assert.equal((await configOf({ env: probes })).http.statusPage, false);
  assert.equal(
    (await configOf({ env: { ...probes, NTH_ENABLE_STATUS_PAGE: 'true' } })).http.statusPage,
    true,
  );
});

test('without the probes there is no port for it, which is told', async () => {
  const { config, warnings } = await loaded({ env: { NTH_ENABLE_STATUS_PAGE: 'true' } });
  assert.equal(config.http.statusPage, false);
  assert.deepEqual(warnings, [
    'Ignoring enable-status-page (environment NTH_ENABLE_STATUS_PAGE): enable-probes-server is off, whose port it would have',
  ]);
});

test('a liveness probe that has its path is refused', async () => {
  const env = { ...probes, NTH_ENABLE_STATUS_PAGE: 'true', PROBES_SERVER_ENDPOINT: '/status' };
  const result = await loadWith({ env });
  assert.ok(result.type === 'problems');
  assert.match(result.problems.join(''), /expected another path, since the status page is there/u);
});

const queueMode = {
  ...probes,
  ENABLE_SQS_TERMINATION_DRAINING: 'true',
  QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/events',
};

test('in queue mode the page is served unless it is switched off', async () => {
  assert.equal((await configOf({ env: queueMode })).http.statusPage, true);
  assert.equal(
    (await configOf({ env: { ...queueMode, NTH_ENABLE_STATUS_PAGE: 'false' } })).http.statusPage,
    false,
  );
});

test('in queue mode a liveness probe that has had its path all along keeps it', async () => {
  const { config, warnings } = await loaded({ env: { ...queueMode, PROBES_SERVER_ENDPOINT: '/status' } });
  assert.equal(config.http.statusPage, false);
  assert.ok(warnings.includes('Serving no status page: probes-server-endpoint "/status" has its path'));
});
