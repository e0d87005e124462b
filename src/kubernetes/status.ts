import type { ApiAnswer } from './api-request.ts';
import { ApiError } from './cluster.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[];
  };
}

/** The body as a Status; an overloaded server or a proxy answers with plain text, which has no fields. */
export function statusOf(body: unknown): Status {
  return typeof body === 'object' && body !== null ? body : {};
}

export function hasCause(body: unknown, reason: string): boolean {
  const causes = statusOf(body).details?.causes;
  return Array.isArray(causes) && causes.some((cause) => cause?.reason === reason);
}

/**
 * The server has too much to do. An admission webhook may answer 429 as well, for the one request that it refuses: its
 * Status names no time, where the server's own, and what stands before it, name one or are plain text.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export function isPushback({ status, body, retryAfterMs: waitMs }: ApiAnswer): boolean {
  // A budget that its controller has not seen yet names a time as well.
  if (status !== 429 || hasCause(body, 'DisruptionBudget')) return false;
  return waitMs !== undefined || statusOf(body).kind !== 'Status';
}

/** What the server said, cut to one readable line. */
export function textOf(answer: { readonly status: number; readonly body: unknown }): string {
  const text = statusOf(answer.body).message ?? (typeof answer.body === 'string' ? answer.body : '');
  return `HTTP ${answer.status} ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`.trim();
}

export function errorOf(attempt: string, answer: ApiAnswer): ApiError {
  return new ApiError(`Cannot ${attempt}: ${textOf(answer)}`, {
    status: answer.status,
    reason: statusOf(answer.body).reason,
    isPushback: isPushback(answer),
  });
}

/** JSON where it is JSON, else the text itself. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The value of a Retry-After header in milliseconds; the API server sends whole seconds. */
export function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = header === undefined ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** Another 404 is a server, or a proxy, that does not know the path. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && error.reason === 'NotFound';
}

/** A right is missing, or a webhook or policy refuses. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}
