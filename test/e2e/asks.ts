import assert from 'node:assert/strict';
import type { AuditEvent } from '../parts/audit-log.ts';

export interface Ask {
  readonly by: 'eviction' | 'deletion';
  /** By the API server's clock. */
  readonly atMs: number;
}

/** The requests to end a pod that the API server took, by the pod's name: one for each pod, or it fails. */
export function asks(calls: readonly AuditEvent[]): ReadonlyMap<string, Ask> {
  const found = new Map<string, Ask>();
  for (const { verb, resource, subresource, name, statusCode, answeredAtMs } of calls) {
    const isEviction = verb === 'create' && subresource === 'eviction';
    const isDeletion = verb === 'delete' && resource === 'pods';
    if (statusCode >= 300 || !(isEviction || isDeletion)) continue;
    assert.ok(!found.has(name), `"${name}" was asked twice`);
    found.set(name, { by: isEviction ? 'eviction' : 'deletion', atMs: answeredAtMs });
  }
  return found;
}

/** Pods are followed by a watch: no drain reads them one by one. */
export function assertNoPodRead(calls: readonly AuditEvent[]): void {
  assert.deepEqual(
    calls.filter(({ verb, resource }) => verb === 'get' && resource === 'pods'),
    [],
  );
}
