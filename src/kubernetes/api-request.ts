import type { Urgency } from './cluster.ts';

export interface ApiRequest {
  readonly verb: 'get' | 'list' | 'watch' | 'patch' | 'create' | 'delete';
  /** As RBAC names it, e.g. `pods/eviction`. */
  readonly resource: string;
  /** Path and query, from the server's root. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
  /** Called when it has waited for its turn and is sent. @default nobody is told */
  readonly onTurn?: (() => void) | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

/** Where an overloaded server names no time. */
const defaultPauseMs = 1_000;

/** A server that names none at all is not asked over and over. */
const shortestPauseMs = 100;

/** However long a server, or a proxy that speaks for it, asks us to wait: a Spot notice leaves two minutes. */
const longestPauseMs = 10_000;

/** How long an overloaded server wants to be left alone. */
export function pauseOf(answer: Pick<ApiAnswer, 'retryAfterMs'>): number {
  return Math.max(shortestPauseMs, Math.min(answer.retryAfterMs ?? defaultPauseMs, longestPauseMs));
}
