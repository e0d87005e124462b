import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { Health } from '../../src/health.ts';
import { HttpServer, type HttpOptions } from '../../src/http/server.ts';
import { createMetrics } from '../../src/metrics.ts';
import { capturedLogger } from '../logger/captured-logger.ts';
import { HeldClock } from './held-clock.ts';

/** A real server on ports of the kernel's choice, stopped at the end of the test's scope. */
export async function runServer(options: Partial<HttpOptions> = {}) {
  const clock = new HeldClock();
  const health = new Health(clock);
  const metrics = createMetrics('1.2.3');
  const { logger, ...log } = capturedLogger();
  const server = new HttpServer(
    { metricsPort: 0, probesPort: 0, probesPath: '/healthz', ...options },
    { logger, metrics, health, clock },
  );
  await server.start();
  return { server, clock, health, metrics, ...log, [Symbol.asyncDispose]: () => server.stop() };
}

export interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own unless `options` has an agent. */
export function ask(
  port: number | undefined,
  path: string,
  options: RequestOptions & { body?: string } = {},
): Promise<Response> {
  const { body: sent, ...others } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', agent: false, ...others, port, path }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}
