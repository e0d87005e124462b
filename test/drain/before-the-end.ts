import type { DrainGoal } from '../../src/drain/plan.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { drainsOverFake } from './drains-over-fake.ts';

export const isEviction = ({ subresource }: LoggedRequest): boolean => subresource === 'eviction';
export const isDeletion = ({ verb }: LoggedRequest): boolean => verb === 'delete';

/** The machine ends at this instant, and pods whose eviction is refused are deleted in time. */
export function machineEndsAt(deadline: number): DrainGoal {
  return { deadline, deadlineIsMachineEnd: true, endBy: deadline, escalation: 'evict-then-delete' };
}

/** Drains a node in the last two minutes of its machine. */
export async function drainingBeforeTheEnd(
  pod: { readonly graceSeconds: number; readonly shutdownMs: number },
  prepare: (drains: Awaited<ReturnType<typeof drainsOverFake>>) => void = () => {},
  count = 1,
) {
  const drains = await drainsOverFake();
  const { api, clock } = drains;
  api.addNode({ name: 'node-1' });
  for (let number = 0; number < count; number += 1) {
    const labels = { app: 'web' };
    api.addPod({ name: `web-${number}`, node: 'node-1', owner: 'ReplicaSet/web', labels, ...pod });
  }
  prepare(drains);
  const drain = drains.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
  return { ...drains, drain, deletions: () => api.requests.filter(isDeletion).length };
}
