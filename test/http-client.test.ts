import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { Agent as TlsAgent } from 'node:https';
import { sendRequest } from '../src/http-client.ts';

async function listening(server: Server) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function asking(
  server: { readonly protocol: string; readonly port: number },
  agent: Agent,
  signal = new AbortController().signal,
) {
  const { protocol, port } = server;
  return sendRequest({
    method: 'GET',
    server: { protocol, hostname: '127.0.0.1', port },
    path: '/',
    headers: {},
    agent,
    signal,
  });
}

const never: RequestListener = () => {};

test('what waits for a connection is given up at once', async () => {
  using it = await listening(createServer(never));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const server = { protocol: 'http:', port: it.port };
  const first = asking(server, agent);
  first.catch(() => {});
  const unwanted = new AbortController();
  const second = asking(server, agent, unwanted.signal);
  unwanted.abort(new Error('nobody waits'));
  await assert.rejects(second, /nobody waits/);
  agent.destroy();
  await assert.rejects(first);
});

test('what waits for a proxy that says nothing is given up at once', async () => {
  using it = await listening(createTcpServer());
  const agent = new TlsAgent({ proxyEnv: { HTTPS_PROXY: `http://127.0.0.1:${it.port}` } });
  const unwanted = new AbortController();
  const asked = asking({ protocol: 'https:', port: 9 }, agent, unwanted.signal);
  while (it.sockets.size === 0) await new Promise(setImmediate);
  unwanted.abort(new Error('nobody waits'));
  await assert.rejects(asked, /nobody waits/);
  agent.destroy();
});

test('an answer that nothing can be done with is none', async () => {
  using it = await listening(
    createTcpServer((socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tea\r\n\r\n');
    }),
  );
  const agent = new Agent();
  const server = { protocol: 'http:', port: it.port };
  await assert.rejects(asking(server, agent), { code: 'ECONNRESET' });
});
