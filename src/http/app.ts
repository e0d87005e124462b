import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorText } from '../error-text.ts';
import type { Logger } from '../logger.ts';
import type { Endpoint, StreamAnswer } from './endpoints.ts';

/** What a stranger can make us hold: on hostNetwork these ports are open to whoever reaches the node. */
const limits = {
  headerBytes: 8 * 1024,
  connections: 256,
  requestMs: 5000,
  /** Longer than the usual scrape interval of a minute, so that Prometheus keeps its connection. */
  keepAliveMs: 75_000,
  silentConnectionMs: 80_000,
  checkIntervalMs: 5000,
};

const allowedMethods = ['GET', 'HEAD'];

/** A server, not listening yet, that answers GET and HEAD on the endpoints' paths and never reads a body. */
export function createApp(endpoints: readonly Endpoint[], logger: Logger): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: 1,
    // Without these, fastify loads its compilers of JSON schemas, a few MB that no schema here would use.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionTimeout: limits.silentConnectionMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
  });
  app.server.maxConnections = limits.connections;

  const paths = new Set(endpoints.map(({ path }) => path));
  app.addHook('onRequest', (request, reply, next) => {
    // A body stays unread: the connection can't be used again.
    if (announcesBody(request)) reply.header('connection', 'close');
    if (allowedMethods.includes(request.method)) return next();
    if (!paths.has(pathOf(request))) return reply.callNotFound();
    reply.code(405).header('allow', allowedMethods.join(', ')).send('Method not allowed\n');
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send('Not found\n'));
  app.setErrorHandler((error, request, reply) => {
    logger.error(`Cannot answer "${request.method} ${pathOf(request)}"`, { error });
    return reply.code(500).send(`${errorText(error)}\n`);
  });

  for (const endpoint of endpoints) {
    app.route({
      method: allowedMethods,
      url: endpoint.path,
      handler: async (request, reply) => {
        const answer = await endpoint.answer(request.headers.accept ?? '');
        if ('stream' in answer) return startStream(answer, request, reply);
        const { status, contentType, headers = {}, body } = answer;
        // As bytes, because fastify adds a charset to the content type of a JSON string.
        return reply
          .code(status)
          .headers({ 'content-type': contentType, ...headers })
          .send(Buffer.from(body));
      },
    });
  }
  app.addHook('preClose', async () => {
    await Promise.all(endpoints.flatMap((endpoint) => endpoint.close?.() ?? []));
  });
  return app;
}

function startStream(answer: StreamAnswer, { method }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { raw } = reply.hijack();
  raw.writeHead(200, { 'content-type': answer.contentType, ...answer.headers });
  if (method === 'HEAD') raw.end();
  else answer.stream(raw);
  return reply;
}

function noSchemas(): never {
  throw new Error('Cannot compile a schema: this server has none');
}

function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
