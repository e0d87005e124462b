import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';

export interface ClientRequestOptions {
  readonly method: string;
  /** Of the server; what `urlToHttpOptions` gives. */
  readonly server: Pick<https.RequestOptions, 'protocol' | 'hostname' | 'port'>;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Fits the server, whether that is https: or http: */
  readonly agent: http.Agent;
  /** Once it is aborted the connection is closed: nobody wants the answer. */
  readonly signal: AbortSignal;
  /** Called before anything is sent. */
  readonly onRequest?: (request: ClientRequest) => void;
}

/**
 * One request by Node's own client, which is what the daemon does all day, and hundreds of times within a second in a
 * drain: got, which posts the webhooks, takes three times the CPU time for each, and 8 MB (BUILD.md has the figures).
 * @returns the answer, of whatever status, with its body still to be read
 * @throws Node's error where no answer comes; the signal's reason
 */
export function sendRequest(given: ClientRequestOptions): Promise<IncomingMessage> {
  const { server, method, path, headers, body = '', agent, signal, onRequest } = given;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  if (signal.aborted) {
    reject(signal.reason as Error);
    return promise;
  }
  const { request } = server.protocol === 'http:' ? http : https;
  const sent = request({ ...server, method, path, headers, agent });
  // Node says it by itself for some methods only, and a DELETE may have a body.
  if (body !== '') sent.setHeader('content-length', Buffer.byteLength(body));
  sent.once('response', resolve);
  // For all of its life: what fails after the answer has begun is told by the answer.
  sent.on('error', reject);
  // An answer that Node can do nothing with, such as a switch of protocols, ends without an error.
  sent.once('close', () => reject(connectionLost('the connection was closed before the answer')));
  const abort = (): void => {
    sent.destroy(signal.reason as Error);
    // Node tells only once there is a socket, for which a proxy or other requests may have to be waited for.
    reject(signal.reason as Error);
  };
  // Not Node's own `signal`, which makes an error with a stack for each. Without an effect once the answer is whole.
  signal.addEventListener('abort', abort, { once: true });
  onRequest?.(sent);
  sent.end(body);
  return promise;
}

/** That a connection is gone. */
export function connectionLost(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** @throws Node's error where the connection breaks before the end */
export function textOf(body: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  body.setEncoding('utf8');
  body.on('data', (part: string) => {
    text += part;
  });
  body.once('end', () => resolve(text));
  body.once('error', reject);
  body.once('close', () => reject(connectionLost('the connection was closed in mid-answer')));
  return promise;
}
