import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

export interface HttpRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** Path and query, below the server's own path. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Its answer goes on for as long as there is something to tell, and may be silent. @default false */
  readonly isWatch?: boolean;
  /** Once it is aborted nobody wants the answer. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Still to be read; ends with an error where the request's signal is aborted. */
  readonly body: Readable;
  /** Of a body that has ended without an error: the connection was lost in mid-answer all the same. */
  readonly isCutOff: () => boolean;
}

/** The connections to one API server, by one way of identifying us and it. */
export interface Transport {
  /**
   * @returns answers of every status
   * @throws Node's error where no answer comes; the signal's reason
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Another one has taken its place: what is under way is answered, then its connections are closed. */
  retire(): void;
  /** Closes all connections at once. */
  destroy(): void;
}

/** A connection that nobody used for this long is closed; load balancers drop idle ones silently after 60 s or more. */
export const idleConnectionMs = 30_000;
