import type { ResourceRequest } from './request-info.ts';

/** A request as the fake saw it, for tests that count API calls. */
export interface LoggedRequest {
  /** When it came, by the clock. */
  readonly at: number;
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  /** As rules name it: get, list, watch, create, patch ... */
  readonly verb: string;
  /** `pods`; empty for discovery and the like. */
  readonly resource: string;
  /** `eviction`; empty for the object itself. */
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
  readonly token: string | undefined;
  /** Tells one process of the daemon from another. */
  readonly userAgent: string;
  /** Who the token belongs to; undefined while unknown. */
  user: string | undefined;
  body: string;
  /** What was answered or, where a fault cut the connection, would have been; undefined until then. */
  code: number | undefined;
}

export function logged(
  at: number,
  request: { method: string; url: URL; authorization: string | undefined; userAgent: string },
  resource: ResourceRequest | undefined,
): LoggedRequest {
  const { method, url, authorization, userAgent } = request;
  return {
    at,
    method,
    path: `${url.pathname}${url.search}`,
    verb: resource?.verb ?? method.toLowerCase(),
    resource: resource?.type.plural ?? '',
    subresource: resource?.subresource ?? '',
    name: resource?.name ?? '',
    namespace: resource?.namespace ?? '',
    userAgent,
    token: authorization?.replace(/^bearer\s+/i, ''),
    user: undefined,
    body: '',
    code: undefined,
  };
}
