import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';

/** What goes to the API server, and the connections that it goes over. */
export interface Exchange {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  readonly agent: https.Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Once it is aborted the connection is closed: nobody wants the answer. */
  readonly signal: AbortSignal;
}

/**
 * One request by Node's own client. A drain is hundreds of these within a second, and got, which the daemon uses
 * elsewhere, takes three times the CPU time and twice the memory for each (BUILD.md has the figures).
 * @returns the answer, of whatever status, with its body still to be read
 * @throws Node's error where no answer comes
 */
export function send(url: URL, { signal, body = '', ...options }: Exchange): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  if (signal.aborted) {
    reject(signal.reason as Error);
    return promise;
  }
  const request = (url.protocol === 'http:' ? http : https).request(url, options);
  // Node says it by itself for some methods only, and DELETE has a body here.
  if (body !== '') request.setHeader('content-length', Buffer.byteLength(body));
  request.once('response', resolve);
  // For all of its life: what fails after the answer has begun is told by the answer.
  request.on('error', reject);
  // Not Node's own `signal`, which makes an error with a stack for each. Without an effect once the answer is whole.
  signal.addEventListener('abort', () => request.destroy(signal.reason as Error), { once: true });
  request.end(body);
  return promise;
}

/** @throws Node's error where the connection breaks before the end */
export function textOf(answer: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  answer.setEncoding('utf8');
  answer.on('data', (part: string) => {
    text += part;
  });
  answer.once('end', () => resolve(text));
  answer.once('error', reject);
  return promise;
}
