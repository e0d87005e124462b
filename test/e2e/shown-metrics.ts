import assert from 'node:assert/strict';
import type { RunningDaemon } from './running-daemon.ts';

/** The daemon shows these samples with these values, whatever else it shows; undefined: no such sample. */
export async function assertMetrics(
  daemon: RunningDaemon,
  expected: Readonly<Record<string, number | undefined>>,
): Promise<void> {
  const metrics = await daemon.metrics();
  const shown = Object.keys(expected).map((name) => [name, metrics.get(name)]);
  assert.deepEqual(Object.fromEntries(shown), expected);
}

/** The name of the sample that counts an action of NTH's name on the node. */
export function action(name: string, status: 'success' | 'error' = 'success'): string {
  return `actions_total{node_action="${name}",node_status="${status}"}`;
}

/** The name of the sample that counts pods by what became of them. */
export function pods(outcome: string): string {
  return `nth_pods_total{outcome="${outcome}"}`;
}

/** The name of the sample that counts what the metadata service has shown. */
export function interruptions(kind: string): string {
  return `nth_interruptions_total{kind="${kind}",source="imds"}`;
}
