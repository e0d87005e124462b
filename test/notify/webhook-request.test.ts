import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { test } from 'node:test';
import { WebhookRequest, type WebhookRequestOptions } from '../../src/notify/webhook-request.ts';
import { serverCredentials, authority } from '../fakes/api-server/certificates.ts';
import { FakeClock } from '../fakes/clock.ts';
import { WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { createServer as createHttpsServer } from 'node:https';

const signal = new AbortController().signal;

function request(
  given: Partial<WebhookRequestOptions> & { url: string },
  clock = new FakeClock(),
): WebhookRequest {
  return new WebhookRequest(
    {
      headers: { 'Content-Type': 'text/plain', 'X-Token': 'hunter2' },
      proxyUrl: undefined,
      limitMs: 5_000,
      userAgent: 'test/1',
      ...given,
    },
    { clock },
  );
}

async function listening(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

test('posts through a plain proxy, and through a tunnel where the receiver speaks TLS', async () => {
  await using receiver = await WebhookReceiver.start();
  const seen: string[] = [];
  const proxy = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url?.replace(/\d+\.\d+\.\d+\.\d+:\d+/, 'host')}`);
    seen.push(String(incoming.headers['proxy-authorization']));
    response.writeHead(200).end();
  });
  proxy.on('connect', (incoming: IncomingMessage, client: Socket) => {
    seen.push(`CONNECT ${incoming.url?.split(':')[0]}`);
    const upstream = connect(tls.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await using tls = await listening(
    createHttpsServer(serverCredentials('first'), (_, response) => response.writeHead(201).end()),
  );
  await using front = await listening(proxy);
  const proxyUrl = `http://me:hunter2@127.0.0.1:${front.port}`;
  assert.equal((await request({ url: receiver.url, proxyUrl }).post('x', signal)).status, 200);
  const secure = request({
    url: `https://localhost:${tls.port}/x`,
    proxyUrl,
    certificateAuthorities: authority('first'),
  });
  assert.equal((await secure.post('x', signal)).status, 201);
  assert.equal(receiver.posts.length, 0, 'nobody but the proxy was asked');
  assert.deepEqual(seen, [
    'POST http://host/services/T0/hunter2?token=hunter2',
    `Basic ${Buffer.from('me:hunter2').toString('base64')}`,
    'CONNECT localhost',
  ]);
});

test('follows what keeps the method, and tells another host no header of the operator', async () => {
  await using elsewhere = await WebhookReceiver.start();
  await using receiver = await WebhookReceiver.start();
  receiver.answers.push((response) => response.writeHead(308, { location: elsewhere.url }).end());
  assert.equal((await request({ url: receiver.url }).post('body', signal)).status, 200);
  const [post] = elsewhere.posts;
  assert.equal(post?.body, 'body');
  assert.equal(post.headers['content-type'], 'text/plain');
  assert.equal(post.headers['x-token'], undefined);
  receiver.answers.push((response) => response.writeHead(302, { location: elsewhere.url }).end());
  assert.equal((await request({ url: receiver.url }).post('body', signal)).status, 302);
  assert.equal(elsewhere.posts.length, 1);
});

test('sends what is not ASCII in a header as UTF-8', async () => {
  let seen = '';
  await using receiver = await listening(
    createServer(({ headers }, response) => {
      // Node reads each byte as a character.
      seen = Buffer.from(String(headers['x-team']), 'latin1').toString();
      response.end();
    }),
  );
  const headers = { 'X-Team': 'Zoë 東京' };
  await request({ url: `http://127.0.0.1:${receiver.port}`, headers }).post('x', signal);
  assert.equal(seen, 'Zoë 東京');
});

test('a post that is given up leaves no connection to a proxy behind', async () => {
  const proxy = createTcpServer((socket) => socket.on('error', () => {}).resume());
  await using front = await listening(proxy);
  const closed = once(proxy, 'connection').then(([socket]) => once(socket as Socket, 'close'));
  const proxyUrl = `http://127.0.0.1:${front.port}`;
  const clock = new FakeClock();
  const posted = request({ url: 'https://example.test', proxyUrl, limitMs: 50 }, clock).post('x', signal);
  posted.catch(() => {});
  await clock.advance(50);
  await assert.rejects(posted, /no answer within 0.05 s/);
  await closed;
});

test('waits no longer than its limit, and names neither the URL nor the host in an error', async () => {
  const clock = new FakeClock();
  await using receiver = await WebhookReceiver.start();
  receiver.answers.push('hang', (response) => response.writeHead(429, { 'retry-after': '7' }).end());
  const asking = request({ url: receiver.url }, clock);
  const hanging = asking.post('x', signal).catch((error: unknown) => error);
  const error = await clock.advanceWhile(hanging);
  assert.ok(error instanceof Error);
  assert.equal(error.message, 'no answer within 5 s');
  assert.deepEqual(await asking.post('x', signal), { status: 429, retryAfterMs: 7000 });
  receiver.answers.push((response) => response.writeHead(202).write('and so on'));
  assert.equal(
    (await clock.advanceWhile(asking.post('x', signal))).status,
    202,
    'whatever follows the status',
  );
  const nowhere = request({ url: 'http://hunter2.invalid:1/hunter2' });
  await assert.rejects(
    nowhere.post('x', signal),
    (it: Error) => !JSON.stringify([it.message, it.stack, it.cause]).includes('hunter2'),
  );
});
