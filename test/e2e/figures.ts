import type { AuditEvent } from '../parts/audit-log.ts';

/** One row of what the tier has measured. */
export function tellFigures(what: string, figures: readonly string[]): void {
  console.log(`| ${[what, ...figures].join(' | ')} |`);
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

export interface DrainFigures {
  /** From the notice until the API server had answered the PATCH that marks the node. */
  readonly cordonedMs: number;
  /** From then until it had answered the last eviction. */
  readonly askedMs: number;
  /** Evictions that it accepted. */
  readonly asked: number;
  /** From the notice on; before it the daemon has read its Node. */
  readonly calls: number;
}

/** What one daemon's calls were, by the API server's own clock: this process may be slow to see things happen. */
export function drainFigures(calls: readonly AuditEvent[], noticeAtMs: number): DrainFigures {
  const accepted = calls.filter(({ statusCode }) => statusCode < 300);
  const mark = accepted.find(({ verb, resource }) => verb === 'patch' && resource === 'nodes');
  const evictions = accepted.filter(({ subresource }) => subresource === 'eviction');
  const markedAtMs = mark?.answeredAtMs ?? Number.POSITIVE_INFINITY;
  return {
    cordonedMs: markedAtMs - noticeAtMs,
    askedMs: Math.max(...evictions.map(({ answeredAtMs }) => answeredAtMs)) - markedAtMs,
    asked: evictions.length,
    calls: calls.filter(({ receivedAtMs }) => receivedAtMs >= noticeAtMs).length,
  };
}

/** The machine may be busy with other things: measures again, up to `tries` times, while a figure is out of its bounds. */
export async function untilWithin<T>(
  tries: number,
  measure: (attempt: string) => Promise<T>,
  isWithin: (value: T) => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const value = await measure(`attempt ${attempt} of ${tries}`);
    if (isWithin(value) || attempt === tries) return value;
  }
}
