import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { FakeApiServer } from './api-server.ts';
import { FakeClock } from './clock.ts';
import { FakeImds } from './imds.ts';

test('sleeps wake in the order of their instants, each at its own instant', async () => {
  const clock = new FakeClock(1000);
  const woken: string[] = [];
  const sleepThenNote = async (ms: number, name: string) => {
    await clock.sleep(ms);
    woken.push(`${name} ${clock.now()}`);
  };
  void sleepThenNote(50, 'late');
  void sleepThenNote(20, 'early').then(() => sleepThenNote(10, 'chained'));
  assert.equal(clock.pendingSleeps, 2);
  await clock.advance(40);
  assert.deepEqual(woken, ['early 1020', 'chained 1030']);
  assert.equal(clock.now(), 1040);
  await clock.advance(10);
  assert.deepEqual(woken, ['early 1020', 'chained 1030', 'late 1050']);
  assert.equal(clock.pendingSleeps, 0);
});

test('an aborted sleep throws the reason and is forgotten', async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(1000, controller.signal);
  controller.abort(new Error('enough'));
  await assert.rejects(sleeping, /enough/);
  assert.equal(clock.pendingSleeps, 0);
  await assert.rejects(clock.sleep(1000, controller.signal), /enough/);
});

test('a sleep of no time is over at once', async () => {
  const clock = new FakeClock();
  await clock.sleep(0);
  await clock.sleep(-5);
  assert.equal(clock.pendingSleeps, 0);
});

test('advancing waits for loopback HTTP and for files between two sleeps', async () => {
  const clock = new FakeClock();
  await using imds = await FakeImds.start({}, { clock });
  const seen: number[] = [];
  const polling = (async () => {
    for (let polls = 0; polls < 5; polls += 1) {
      await readFile(import.meta.filename);
      const response = await fetch(`${imds.url}/latest/meta-data/instance-id`);
      await response.text();
      seen.push(clock.now());
      await clock.sleep(1000);
    }
  })();
  const start = clock.now();
  await clock.advance(2500);
  assert.deepEqual(
    seen.map((at) => at - start),
    [0, 1000, 2000],
  );
  await clock.advanceWhile(polling);
  assert.equal(imds.requests.length, 5);
});

test('advancing goes on past requests that the server holds back', async () => {
  const clock = new FakeClock();
  await using imds = await FakeImds.start({}, { clock });
  imds.faults.add({ kind: 'delay', ms: 3000 }, { times: 1 });
  const start = clock.now();
  const response = await clock.advanceWhile(fetch(`${imds.url}/latest/meta-data/instance-id`));
  assert.equal(response.status, 200);
  assert.ok(clock.now() - start >= 3000);
  await response.text();
});

test('a state that is never reached is an error that tells what was awaited', async () => {
  const clock = new FakeClock();
  await assert.rejects(
    clock.advanceUntil(() => clock.now() < 0, { maxMs: 1000 }),
    /within 1000 ms .* clock\.now\(\) < 0/,
  );
});

test('a rejected promise is given on by advanceWhile', async () => {
  const clock = new FakeClock();
  const failing = (async () => {
    await clock.sleep(5000);
    throw new Error('no luck');
  })();
  await assert.rejects(clock.advanceWhile(failing), /no luck/);
});

test('advancing waits for what goes through a proxy too', async () => {
  const clock = new FakeClock();
  await using api = await FakeApiServer.start({}, { clock });
  const proxy = createServer();
  proxy.on('connect', (request, toClient) => {
    const { hostname, port } = new URL(`http://${request.url}`);
    const toServer = connect(Number(port), hostname, () => {
      toClient.write('HTTP/1.1 200 OK\r\n\r\n');
      toServer.pipe(toClient).pipe(toServer);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, method: 'CONNECT', path: `127.0.0.1:${api.port}` });
  asked.end();
  const [, tunnel] = (await once(asked, 'connect')) as [unknown, Socket];
  const socket = tls.connect({ socket: tunnel, ca: api.ca, host: '127.0.0.1' });
  await once(socket, 'secureConnect');
  const polling = (async () => {
    for (let polls = 0; polls < 20; polls += 1) {
      socket.write(`GET /livez HTTP/1.1\r\nHost: ${polls}\r\n\r\n`);
      await once(socket, 'data');
      await clock.sleep(1000);
    }
  })();
  const start = clock.now();
  await clock.advance(19_500);
  assert.deepEqual(
    api.requests.map(({ at }) => at - start),
    Array.from({ length: 20 }, (_, second) => second * 1000),
  );
  await clock.advanceWhile(polling);
  socket.destroy();
  proxy.close();
});
