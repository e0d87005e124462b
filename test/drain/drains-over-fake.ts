import type { Clock } from '../../src/clock.ts';
import { NodeDrain, type NodeDrainOptions } from '../../src/drain/drain-node.ts';
import type { DrainReport } from '../../src/drain/report.ts';
import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import { clientOverFake } from '../kubernetes/client-over-fake.ts';
import { unhurried, usual } from './policies.ts';

/** Drains of any number of nodes over one fake API server. */
export async function drainsOverFake() {
  const parts = await clientOverFake();
  const cluster = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: false,
      taintEffect: undefined,
      excludeFromLoadBalancers: false,
    },
    parts,
  );
  const stop = new AbortController();
  const running: Promise<unknown>[] = [];
  const reports = new Map<string, DrainReport>();
  return {
    ...parts,
    /** Of the drains that have ended. */
    reports,
    /** @param modules in place of the usual ones, where they are to be others */
    drain(
      node: string,
      given: Partial<NodeDrainOptions> = {},
      modules: { readonly clock?: Clock } = {},
    ): NodeDrain {
      const drain = new NodeDrain(
        { node, policy: usual, goal: unhurried, ...given },
        { ...parts, cluster, ...modules },
      );
      const run = async (): Promise<void> => {
        const report = await drain.run(stop.signal);
        if (report) reports.set(node, report);
      };
      running.push(run().catch(() => {}));
      return drain;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await parts[Symbol.asyncDispose]();
    },
  };
}
