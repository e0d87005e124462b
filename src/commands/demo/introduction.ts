import { drainedNode, otherNode } from './embedded-cluster.ts';
import type { Screen } from './screen.ts';
import { workloads, type Workload } from './workloads.ts';

/** What the audience is about to see, and what runs on the node. */
export function introduce(screen: Screen, podCount: number): void {
  screen.heading('A Spot instance is taken away, and its pods leave in time');
  screen.say(
    'The daemon is the real one, src/main.ts, in a process of its own. The instance metadata service (IMDS) and the ' +
      'Kubernetes API server are stand-ins on loopback, the same as in the tests: HTTPS, watches, evictions, disruption ' +
      'budgets, and kubelets whose pods take their time to shut down.',
  );
  screen.heading('1. The cluster');
  screen.say(`Node ${drainedNode} is a Spot instance with ${podCount} pods:`);
  for (const [kind, ofKind] of Map.groupBy(workloads, (it) => it.kind)) {
    screen.say(`${kind}: ${ofKind.map(inShort).join(', ')}`, '    ');
  }
  screen.say(`Node ${otherNode} has room for their replacements.`);
}

function inShort({ namespace, name, shutdownSeconds, remark }: Workload): string {
  const count = shutdownSeconds.length === 1 ? '' : ` ${shutdownSeconds.length}`;
  return `${namespace}/${name}${count}${remark === undefined ? '' : ` (${remark})`}`;
}
