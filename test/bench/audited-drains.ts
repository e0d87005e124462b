import type { AuditEvent } from '../parts/audit-log.ts';
import type { Cluster } from '../parts/cluster.ts';

export interface AuditedDrains {
  /** From the start to the API server's answer to the last eviction. */
  readonly askedMs: number;
  /** The same for the mark of each node, its first PATCH, the earliest first. */
  readonly marksMs: readonly number[];
  readonly apiCalls: number;
}

/** What was done since an instant, by the API server's own record. @throws where a pod was not asked */
export async function auditedDrains(
  cluster: Cluster,
  options: { readonly user: string; readonly sinceMs: number; readonly pods: number },
): Promise<AuditedDrains> {
  const { user, sinceMs, pods } = options;
  await cluster.audit.quiet();
  const calls = await cluster.audit.events({ user, sinceMs });
  const asked = calls.filter(
    ({ subresource, statusCode }) => subresource === 'eviction' && statusCode === 201,
  );
  if (asked.length !== pods) throw new Error(`Cannot compare: ${asked.length} of ${pods} pods were asked`);
  const marks = new Map<string, AuditEvent>();
  for (const call of calls) if (isMark(call) && !marks.has(call.name)) marks.set(call.name, call);
  const since = ({ answeredAtMs }: AuditEvent): number => answeredAtMs - sinceMs;
  return {
    askedMs: Math.max(...asked.map(since)),
    marksMs: [...marks.values()].map(since).sort((a, b) => a - b),
    apiCalls: calls.length,
  };
}

function isMark({ verb, resource, subresource, statusCode }: AuditEvent): boolean {
  return verb === 'patch' && resource === 'nodes' && subresource === '' && statusCode === 200;
}
