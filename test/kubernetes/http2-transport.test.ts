import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ApiClient } from '../../src/kubernetes/api-client.ts';
import type { ApiRequest } from '../../src/kubernetes/api-request.ts';
import { serverCredentials } from '../fakes/api-server/certificates.ts';
import { clientOverFake } from './client-over-fake.ts';

const wanted = new AbortController().signal;
const getNode: ApiRequest = {
  verb: 'get',
  resource: 'nodes',
  path: '/api/v1/nodes/node-1',
  urgency: 1,
  signal: wanted,
};

async function scene(given: { readonly server?: string } = {}) {
  const parts = await clientOverFake({ multiplexes: true, ...given });
  parts.api.addNode({ name: 'node-1' });
  const get = async (request: ApiRequest = getNode) => (await parts.client.request(request)).status;
  return { ...parts, get };
}

/** Ends with the watch; to be awaited in time or not. */
function watching(client: ApiClient, signal = wanted): Promise<void> {
  const request = { ...getNode, verb: 'watch', path: '/api/v1/nodes?watch=true', signal } as const;
  const watch = async (): Promise<void> => {
    for await (const _ of client.watch(request, 60, String));
  };
  const watched = watch();
  watched.catch(() => {});
  return watched;
}

/** What stands between, and may swallow all that passes without a word, as a firewall that has forgotten us. */
async function startCable(port: number) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createTcpServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      const cutFor = isCut;
      from.on('data', (bytes) => {
        if (!isCut || cutFor) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    /** For the connections that there are. */
    cut: () => {
      isCut = true;
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('all requests go over one connection, however many at a time', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  api.faults.add({ kind: 'delay', ms: 100 });
  const answers = Promise.all(Array.from({ length: 50 }, () => get()));
  assert.deepEqual(new Set(await clock.advanceWhile(answers)), new Set([200]));
  assert.equal(api.connections, 1);
  assert.equal(api.requests.length, 50);
});

test('a connection that is lost in mid-request is told, and the next request has a new one', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  for (const kind of ['drop-before', 'drop-after'] as const) {
    api.faults.add({ kind }, { times: 1 });
    await assert.rejects(clock.advanceWhile(get()), /Cannot get nodes: the connection was closed/);
    assert.equal(await clock.advanceWhile(get()), 200);
  }
  assert.equal(api.connections, 3);
});

test('an answer that is cut off is none', async () => {
  for (const multiplexes of [true, false]) {
    await using parts = await clientOverFake({ multiplexes });
    const { api, clock, client } = parts;
    api.addNode({ name: 'node-1' });
    api.faults.add({ kind: 'truncate' }, { when: ({ verb }) => verb === 'list' });
    const listPods: ApiRequest = { ...getNode, verb: 'list', resource: 'pods', path: '/api/v1/pods' };
    await assert.rejects(clock.advanceWhile(client.list(listPods, String)), /Cannot list pods/);
    // No answer of status 200: such a one is tried again.
    await assert.rejects(clock.advanceWhile(client.expect(listPods)), { status: undefined });
  }
});

test('a page of a proxy is no empty list', async () => {
  await using parts = await clientOverFake();
  const { api, clock, client } = parts;
  api.faults.add({ kind: 'answer', code: 200, body: '<html>log in first', headers: {} });
  const listPods: ApiRequest = { ...getNode, verb: 'list', resource: 'pods', path: '/api/v1/pods' };
  await assert.rejects(
    clock.advanceWhile(client.list(listPods, String)),
    /Cannot list pods, the answer is no JSON: HTTP 200 <html>log in first/,
  );
});

test('a connection that has died without a word is noticed within 9 s, and replaced', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  using cable = await startCable(api.port);
  await parts.useServer(`https://127.0.0.1:${cable.port}`);
  assert.equal(await clock.advanceWhile(get()), 200);
  cable.cut();
  const mark = get({ ...getNode, urgency: 'mark' });
  mark.catch(() => {});
  await clock.advance(8_900);
  assert.equal(api.connections, 1);
  await clock.advance(200);
  await assert.rejects(mark, /Cannot get nodes: no sign of life within 9 s/);
  assert.equal(await clock.advanceWhile(get()), 200);
  assert.equal(api.connections, 2);
});

test('a connection that dies in mid-answer is noticed too', async () => {
  const server = createHttp2Server(serverCredentials('first')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 });
    stream.write('{"kind":');
  });
  using cable = await startCable((server.address() as AddressInfo).port);
  await using parts = await scene({ server: `https://127.0.0.1:${cable.port}` });
  const { clock, get } = parts;
  const asked = get();
  asked.catch(() => {});
  await clock.settle();
  cable.cut();
  await clock.advance(9_100);
  await assert.rejects(asked, /Cannot get nodes: no sign of life within 9 s/);
  server.close();
});

test('a connection that dies while a slow answer is waited for is noticed all the same', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  using cable = await startCable(api.port);
  await parts.useServer(`https://127.0.0.1:${cable.port}`);
  api.faults.add({ kind: 'hang' }, { times: 1 });
  const asked = get();
  asked.catch(() => {});
  // It has been asked for a sign of life by then, and has given one.
  await clock.advance(6_000);
  cable.cut();
  await clock.advance(8_100);
  await assert.rejects(asked, /Cannot get nodes: no sign of life within 9 s/);
});

test('a watch whose connection is lost does not pass for one that has ended', async () => {
  for (const multiplexes of [true, false]) {
    await using parts = await clientOverFake({ multiplexes });
    const { api, clock, client } = parts;
    api.addNode({ name: 'node-1' });
    const watched = watching(client);
    await clock.settle();
    api.dropConnections();
    await assert.rejects(clock.advanceWhile(watched), /Cannot watch nodes/);
  }
});

test('a server that takes its time is not doubted for long: an eviction may be held for 10 s', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  api.faults.add({ kind: 'delay', ms: 25_000 }, { times: 3 });
  const answers = Promise.all([get(), get(), get()]);
  assert.deepEqual(await clock.advanceWhile(answers), [200, 200, 200]);
  assert.equal(api.connections, 1);
});

test('a server that says goodbye answers what is under way; what is new takes another connection', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  api.faults.add({ kind: 'delay', ms: 2000 }, { times: 1 });
  const before = get();
  await clock.advance(1000);
  api.sayGoAway();
  await clock.settle();
  assert.equal(await clock.advanceWhile(get()), 200);
  assert.equal(api.connections, 2);
  assert.equal(await clock.advanceWhile(before), 200);
});

test('what nobody waits for any more is cancelled, and others on the connection go on', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  api.faults.add({ kind: 'hang' }, { times: 1 });
  const unwanted = new AbortController();
  const cancelled = get({ ...getNode, signal: unwanted.signal });
  cancelled.catch(() => {});
  await clock.settle();
  unwanted.abort(new Error('nobody waits'));
  await assert.rejects(cancelled, /nobody waits/);
  assert.equal(await clock.advanceWhile(get()), 200);
  assert.equal(api.connections, 1);
});

test('a connection that nobody uses for 30 s is closed', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  assert.equal(await clock.advanceWhile(get()), 200);
  await clock.advance(20_000);
  assert.equal(await clock.advanceWhile(get()), 200);
  await clock.advance(29_000);
  assert.equal(api.openConnections, 1);
  await clock.advance(1500);
  assert.equal(api.openConnections, 0);
  assert.equal(await clock.advanceWhile(get()), 200);
});

test('a connection that nobody uses is closed also where an older one outlived it', async () => {
  await using parts = await scene();
  const { api, clock, client, get } = parts;
  const ended = new AbortController();
  const request = {
    ...getNode,
    verb: 'watch',
    path: '/api/v1/nodes?watch=true',
    signal: ended.signal,
  } as const;
  const watch = async (): Promise<void> => {
    for await (const _ of client.watch(request, 60, String));
  };
  const watched = watch();
  watched.catch(() => {});
  await clock.settle();
  api.sayGoAway();
  await clock.settle();
  assert.equal(await clock.advanceWhile(get()), 200);
  assert.equal(api.openConnections, 2);
  ended.abort(new Error('nobody watches'));
  await assert.rejects(watched, /nobody watches/);
  await clock.advance(31_000);
  assert.equal(api.openConnections, 0);
});

test('a server that takes no connection is given up in time for a mark to see another try', async () => {
  const silent = createTcpServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  await using parts = await scene({ server: `https://127.0.0.1:${(silent.address() as AddressInfo).port}` });
  const { clock, get } = parts;
  const asked = get({ ...getNode, urgency: 'mark' });
  asked.catch(() => {});
  await clock.advance(4_100);
  await assert.rejects(asked, /no connection within 4 s/);
  silent.close();
});

test('a server that does not speak HTTP/2 is asked by HTTP/1.1', async () => {
  const asked: string[] = [];
  const server = createServer(serverCredentials('first'), (request, response) => {
    asked.push(`HTTP/${request.httpVersion} ${request.method} ${request.url}`);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using parts = await scene({ server: `https://127.0.0.1:${port}/below` });
  assert.equal(await parts.clock.advanceWhile(parts.get()), 200);
  assert.equal(await parts.clock.advanceWhile(parts.get()), 200);
  assert.deepEqual(
    asked,
    Array.from({ length: 2 }, () => 'HTTP/1.1 GET /below/api/v1/nodes/node-1'),
  );
  server.close();
  server.closeAllConnections();
});

test('credentials that change take a new connection, and what is under way on the old one is answered', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  api.faults.add({ kind: 'delay', ms: 12_000 }, { times: 1 });
  const before = get();
  await clock.advance(11_000);
  await parts.useServer(`https://localhost:${api.port}`);
  parts.credentials.refused();
  assert.equal(await clock.advanceWhile(get()), 200);
  assert.equal(api.connections, 2);
  assert.equal(await clock.advanceWhile(before), 200);
  await clock.settle();
  assert.equal(api.openConnections, 1);
});

test('no server there: told at once, and found when it is back', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  await api.goAway();
  await assert.rejects(clock.advanceWhile(get()), /Cannot get nodes: connect ECONNREFUSED/);
  await api.restart();
  assert.equal(await clock.advanceWhile(get()), 200);
});

test('once it is closed nothing is sent any more, and no connection is opened', async () => {
  await using parts = await scene();
  const { api, clock, get } = parts;
  assert.equal(await clock.advanceWhile(get()), 200);
  parts.credentials.close();
  await assert.rejects(clock.advanceWhile(get()), /Cannot get nodes: the connection is closed/);
  assert.equal(api.connections, 1);
  assert.equal(api.openConnections, 0);
});
