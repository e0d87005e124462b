import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ask, runServer } from './running-server.ts';

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
  test(`${method} on a path that exists is a 405 that tells what is allowed`, async () => {
    await using running = await runServer();
    const { status, headers } = await ask(running.server.probesPort, '/healthz', { method });
    assert.equal(status, 405);
    assert.equal(headers.allow, 'GET, HEAD');
  });
}

for (const method of ['GET', 'HEAD', 'POST']) {
  test(`${method} on an unknown path is a 404`, async () => {
    await using running = await runServer();
    assert.equal((await ask(running.server.probesPort, '/secret', { method })).status, 404);
  });
}

test('HEAD has the headers of GET and no body', async () => {
  await using running = await runServer();
  const { status, headers, body } = await ask(running.server.probesPort, '/healthz', { method: 'HEAD' });
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['content-length'], '15');
  assert.equal(body, '');
});

test('a path that cannot be decoded is a 400', async () => {
  await using running = await runServer();
  assert.equal((await ask(running.server.probesPort, '/%zz')).status, 400);
});

test('headers over 8 KiB are a 431', async () => {
  await using running = await runServer();
  const headers = { 'x-filler': 'a'.repeat(9000) };
  assert.equal((await ask(running.server.probesPort, '/healthz', { headers })).status, 431);
});

test('a body is not read, and the connection not used again', async () => {
  await using running = await runServer();
  const agent = new Agent({ keepAlive: true });
  const body = 'x'.repeat(100);
  for (const [method, status] of [
    ['GET', 200],
    ['POST', 405],
  ] as const) {
    const headers = { 'content-length': body.length, 'content-type': 'application/json' };
    const response = await ask(running.server.probesPort, '/healthz', { agent, method, headers, body });
    assert.equal(response.status, status);
    assert.equal(response.headers.connection, 'close');
  }
  agent.destroy();
});

test('what is not HTTP is a 400', async () => {
  await using running = await runServer();
  const socket = connect(running.server.probesPort ?? 0, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('BREW /coffee\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 400 /u);
});
