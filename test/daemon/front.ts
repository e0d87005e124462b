import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { authority, serverCredentials } from '../fakes/api-server/certificates.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';

/** What stands between the daemon and the fake API server. */
export interface Front extends AsyncDisposable {
  readonly port: number;
  /** What was asked of it. */
  readonly seen: readonly string[];
}

/**
 * Speaks plain HTTP and adds the administrator's token, as `kubectl proxy` does.
 * @param below the path that it has the API server under, as `kubectl proxy --api-prefix`; elsewhere is nothing
 */
export function startPlainFront(api: FakeApiServer, below = ''): Promise<Front> {
  const seen: string[] = [];
  const forward = forwardTo(api, seen, () => true);
  return listening(
    createHttpServer((request, response) => {
      const { url = '' } = request;
      if (!url.startsWith(below)) return void response.writeHead(404).end();
      request.url = url.slice(below.length);
      forward(request, response);
    }),
    seen,
  );
}

/** Takes the holder of the fake's second certificate for the administrator, and nobody else. */
export function startClientCertificateFront(api: FakeApiServer): Promise<Front> {
  const seen: string[] = [];
  const shown = new X509Certificate(serverCredentials('second').cert).fingerprint256;
  const isAdmitted = ({ socket }: IncomingMessage) =>
    (socket as TLSSocket).getPeerCertificate().fingerprint256 === shown;
  const options = { ...serverCredentials('first'), requestCert: true, rejectUnauthorized: false };
  return listening(createHttpsServer(options, forwardTo(api, seen, isAdmitted)), seen);
}

/** A proxy that knows only CONNECT, and connects whatever host is asked for to the fake. */
export function startConnectProxy(api: FakeApiServer): Promise<Front> {
  const seen: string[] = [];
  const server = createHttpServer((_, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    const upstream = connect(api.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].forEach((each) => each.destroy()));
    }
  });
  return listening(server, seen);
}

function forwardTo(
  api: FakeApiServer,
  seen: string[],
  isAdmitted: (request: IncomingMessage) => boolean,
): RequestListener {
  return (request, response) => {
    const { method = 'GET', url: path = '/', headers } = request;
    seen.push(`${method} ${path}`);
    if (!isAdmitted(request)) return void response.writeHead(401).end();
    const authorization = `Bearer ${api.adminToken}`;
    const { port } = api;
    const forwarded = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { ...headers, authorization },
        ca: authority('first'),
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  };
}

async function listening(
  server: ReturnType<typeof createHttpServer>,
  seen: readonly string[],
): Promise<Front> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
