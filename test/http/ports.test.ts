import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { listenOnEveryAddress } from '../../src/http/port.ts';
import { ask, runServer } from './running-server.ts';

async function takePort() {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '::');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    release: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

async function listening(running: Awaited<ReturnType<typeof runServer>>, server: string) {
  const { values } = await running.metrics.serverListening.get();
  return values.find(({ labels }) => labels.server === server)?.value;
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

test('listens on IPv4 addresses', async () => {
  await using running = await runServer();
  assert.equal((await ask(running.server.probesPort, '/healthz', { host: '127.0.0.1' })).status, 200);
});

test('listens on IPv6 addresses', { skip: !hasIpv6 && 'this machine has no IPv6' }, async () => {
  await using running = await runServer();
  assert.equal((await ask(running.server.probesPort, '/healthz', { host: '::1' })).status, 200);
});

for (const code of ['EAFNOSUPPORT', 'EADDRNOTAVAIL']) {
  test(`listens on IPv4 alone where IPv6 is absent (${code})`, async () => {
    const hosts: unknown[] = [];
    const listen = (options: { host: string }) => {
      hosts.push(options.host);
      return options.host === '::'
        ? Promise.reject(Object.assign(new Error(`listen ${code}: :::80`), { code }))
        : Promise.resolve('');
    };
    await listenOnEveryAddress({ listen: listen as never }, 80);
    assert.deepEqual(hosts, ['::', '0.0.0.0']);
  });
}

test('serves everything on one port where both options name it', async () => {
  const { port, release } = await takePort();
  await release();
  await using running = await runServer({ metricsPort: port, probesPort: port });
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    assert.equal((await ask(port, path)).status, 200, path);
  }
  assert.equal(await listening(running, 'metrics'), 1);
  assert.equal(await listening(running, 'probes'), 1);
});

test('says in the log, the metric and readiness that it listens', async () => {
  await using running = await runServer();
  assert.deepEqual(running.stdout.sort(), [
    `2017/09/18 08:22:05 INF Starting to serve handler /healthz, port ${running.server.probesPort}\n`,
    `2017/09/18 08:22:05 INF Starting to serve handler /metrics, port ${running.server.metricsPort}\n`,
    `2017/09/18 08:22:05 INF Starting to serve handler /readyz, port ${running.server.probesPort}\n`,
  ]);
  assert.equal(await listening(running, 'metrics'), 1);
  assert.deepEqual(running.health.notReadyReasons(), []);
});

test('a port that is taken is said once, by its option, and tried until it is free', async () => {
  const taken = await takePort();
  await using running = await runServer({ metricsPort: taken.port });
  const error = `listen EADDRINUSE: address already in use :::${taken.port}`;
  assert.deepEqual(running.stderr, [
    `2017/09/18 08:22:05 ERR Cannot listen on port "${taken.port}" of option "prometheus-server-port", trying again error="${error}"\n`,
  ]);
  assert.equal(await listening(running, 'metrics'), 0);
  assert.deepEqual(running.health.notReadyReasons(), [`metrics server: ${error}`]);
  assert.equal((await ask(running.server.probesPort, '/healthz')).status, 200);
  assert.equal((await ask(running.server.probesPort, '/readyz')).status, 503);

  for (const waitsMs of [
    [1000],
    [1000, 2000],
    [1000, 2000, 4000],
    [1000, 2000, 4000, 8000],
    [1000, 2000, 4000, 8000, 16_000],
    [1000, 2000, 4000, 8000, 16_000, 30_000],
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  ]) {
    await running.clock.reached(waitsMs.length);
    assert.deepEqual(running.clock.sleptMs, waitsMs);
    running.clock.wakeAll();
  }
  await running.clock.reached(8);
  assert.equal(running.stderr.length, 1);

  await taken.release();
  running.clock.wakeAll();
  await running.lineWith(`handler /metrics, port ${taken.port}`);
  assert.equal((await ask(taken.port, '/metrics')).status, 200);
  assert.equal(await listening(running, 'metrics'), 1);
  assert.deepEqual(running.health.notReadyReasons(), []);
});

test('stops while a port is still taken', async () => {
  const taken = await takePort();
  const running = await runServer({ metricsPort: taken.port });
  await running.server.stop();
  await taken.release();
});

test('stops at once although keep-alive connections are open', async () => {
  const running = await runServer();
  const agent = new Agent({ keepAlive: true });
  await ask(running.server.probesPort, '/healthz', { agent });
  await running.server.stop();
  assert.equal(running.server.probesPort, undefined);
  assert.equal(await listening(running, 'probes'), 0);
  agent.destroy();
});

test('cuts connections that do not end within a second of stopping', async () => {
  const running = await runServer();
  const socket = connect(running.server.probesPort ?? 0, '127.0.0.1');
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write('GET /healthz HTTP/1.1\r\n');
  // Its answer proves that the server has seen the half request before it.
  await ask(running.server.probesPort, '/healthz');

  const stopped = running.server.stop();
  await running.clock.reached(2);
  assert.deepEqual(running.clock.sleptMs, [1000, 1000]);
  running.clock.wakeAll();
  await stopped;
  await closed;
});
