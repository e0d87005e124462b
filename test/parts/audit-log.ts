import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The calls of tests and daemons, not those of the control plane's own parts. */
export function auditPolicy(ownUsers: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', users: ['system:apiserver', ...ownUsers] },
      { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*'] },
      { level: 'Metadata' },
    ],
  });
}

/** One API call; a watch is one call too. */
export interface AuditEvent {
  /** `system:serviceaccount:<namespace>:<name>` for a ServiceAccount's token. */
  user: string;
  userAgent: string;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verb: string;
  /** Plural, such as `pods`; empty for paths that are no resource. */
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  uri: string;
  statusCode: number;
  receivedAtMs: number;
  answeredAtMs: number;
}

export type AuditFilter = Partial<
  Pick<AuditEvent, 'user' | 'verb' | 'resource' | 'subresource' | 'namespace' | 'name'>
> & {
  /** Calls received at this instant or later. */
  sinceMs?: number;
};

interface AuditRecord {
  auditID: string;
  requestURI: string;
  verb: string;
  user: { username: string };
  userAgent?: string;
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

const QUIET_POLL_MS = 50;

/** What the API server was asked, as it wrote it down itself. */
export class AuditLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** In the order in which they were received. */
  async events(filter: AuditFilter = {}): Promise<AuditEvent[]> {
    const { sinceMs = 0, ...fields } = filter;
    const wanted = Object.entries(fields);
    // A watch is told twice, when it is answered and when it ends, under one id.
    const byId = new Map<string, AuditEvent>();
    for (const line of (await readFile(this.path, 'utf8')).split('\n')) {
      if (!line.endsWith('}')) continue;
      const record = JSON.parse(line) as AuditRecord;
      const event = eventOf(record);
      const matches = wanted.every(([field, value]) => event[field as keyof AuditEvent] === value);
      if (matches && event.receivedAtMs >= sinceMs) byId.set(record.auditID, event);
    }
    return [...byId.values()].sort((a, b) => a.receivedAtMs - b.receivedAtMs);
  }

  /** Resolves when nothing has been written for a while: calls are told when they end. */
  async quiet(options: { forMs?: number; timeoutMs?: number } = {}): Promise<void> {
    const { forMs = 500, timeoutMs = 30_000 } = options;
    const deadlineMs = performance.now() + timeoutMs;
    let size = -1;
    let changedMs = performance.now();
    while (performance.now() - changedMs < forMs) {
      if (performance.now() > deadlineMs)
        throw new Error(`Cannot wait until "${this.path}" is quiet: it still grows`);
      const now = (await stat(this.path)).size;
      if (now !== size) changedMs = performance.now();
      size = now;
      await sleep(QUIET_POLL_MS);
    }
  }
}

function eventOf(record: AuditRecord): AuditEvent {
  const object = record.objectRef ?? {};
  return {
    user: record.user.username,
    userAgent: record.userAgent ?? '',
    verb: record.verb,
    resource: object.resource ?? '',
    subresource: object.subresource ?? '',
    namespace: object.namespace ?? '',
    name: object.name ?? '',
    uri: record.requestURI,
    statusCode: record.responseStatus?.code ?? 0,
    receivedAtMs: Date.parse(record.requestReceivedTimestamp),
    answeredAtMs: Date.parse(record.stageTimestamp),
  };
}
