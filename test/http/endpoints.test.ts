import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, runServer } from './running-server.ts';

test('/healthz answers what NTH answers, to the byte', async () => {
  await using running = await runServer();
  const { status, headers, body } = await ask(running.server.probesPort, '/healthz');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(body, '{"health":"OK"}');
});

test('/healthz names the loop that is stuck, and is well again when it steps', async () => {
  await using running = await runServer();
  const loop = running.health.loop('spot poll', 1000);
  running.clock.advance(61_000);

  const stuck = await ask(running.server.probesPort, '/healthz');
  assert.equal(stuck.status, 503);
  assert.deepEqual(JSON.parse(stuck.body), {
    health: 'stuck',
    causes: ['spot poll made no step for 61 s'],
  });

  loop.step();
  assert.equal((await ask(running.server.probesPort, '/healthz')).status, 200);
});

test('/healthz does not mind what is not ready', async () => {
  await using running = await runServer();
  running.health.condition('metadata service', 'does not answer');
  assert.equal((await ask(running.server.probesPort, '/healthz')).status, 200);
});

test('liveness is served where it is told to be, also at the path of readiness', async () => {
  await using running = await runServer({ probesPath: '/readyz' });
  running.health.condition('metadata service', 'does not answer');
  assert.equal((await ask(running.server.probesPort, '/readyz')).status, 200);
});

test('/readyz tells what is missing', async () => {
  await using running = await runServer();
  const condition = running.health.condition('metadata service', 'does not answer');
  const missing = await ask(running.server.probesPort, '/readyz');
  assert.equal(missing.status, 503);
  assert.deepEqual(JSON.parse(missing.body), {
    ready: false,
    reasons: ['metadata service: does not answer'],
  });

  condition.ready();
  const ready = await ask(running.server.probesPort, '/readyz');
  assert.equal(ready.status, 200);
  assert.deepEqual(JSON.parse(ready.body), { ready: true });
});

test('/metrics answers in the format of Prometheus', async () => {
  await using running = await runServer();
  running.metrics.actions.inc({ node_action: 'cordon', node_status: 'success' });
  const { status, headers, body } = await ask(running.server.metricsPort, '/metrics');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(body, /^actions_total\{node_action="cordon",node_status="success"\} 1$/mu);
});

test('the path of the liveness probe is configurable', async () => {
  await using running = await runServer({ probesPath: '/live/now' });
  assert.equal((await ask(running.server.probesPort, '/live/now?verbose')).body, '{"health":"OK"}');
  assert.equal((await ask(running.server.probesPort, '/healthz')).status, 404);
});

test('each port serves its own paths only', async () => {
  await using running = await runServer();
  assert.equal((await ask(running.server.probesPort, '/metrics')).status, 404);
  assert.equal((await ask(running.server.metricsPort, '/healthz')).status, 404);
});

test('a server that is off has no port', async () => {
  await using running = await runServer({ metricsPort: undefined });
  assert.equal(running.server.metricsPort, undefined);
  assert.equal((await ask(running.server.probesPort, '/readyz')).status, 200);
});

test('metrics that cannot be collected are a 500 and one line of the log', async () => {
  await using running = await runServer();
  running.metrics.registry.metrics = () => Promise.reject(new Error('no statm'));
  const { status, body } = await ask(running.server.metricsPort, '/metrics');
  assert.equal(status, 500);
  assert.equal(body, 'no statm\n');
  assert.deepEqual(running.stderr, [
    '2017/09/18 08:22:05 ERR Cannot answer "GET /metrics" error="no statm"\n',
  ]);
});
