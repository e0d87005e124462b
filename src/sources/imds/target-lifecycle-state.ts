import { createHash } from 'node:crypto';
import type { NodeLocation } from '../../interruption/interruption.ts';
import { nothing, shows, unreadable, type Reading, type SignalKind } from './signal.ts';

/** The form of all the states that there are; anything else is not an answer of the metadata service. */
const stateForm = /^[A-Za-z:]{1,64}$/;

/**
 * The states in which the group terminates the instance: in service, or already in a warm pool.
 * An instance that goes back into a warm pool has one of the other `Warmed:` states, so neither of
 * these comes back.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html
 */
const terminated: ReadonlySet<string> = new Set(['Terminated', 'Warmed:Terminated']);

/**
 * The state that the Auto Scaling group is moving the instance to. There is none on a new instance (404).
 * A state that goes back is not undone, as AWS has no way back from terminating; a later one is new.
 */
export const targetLifecycleState: SignalKind = {
  monitor: 'ASG_LIFECYCLE_MONITOR',
  documents: [{ path: '/latest/meta-data/autoscaling/target-lifecycle-state', read }],
};

function read(body: string | undefined): Reading {
  const state = (body ?? '').trim();
  if (state === '') return nothing;
  if (!stateForm.test(state)) return unreadable('not the name of a lifecycle state');
  if (!terminated.has(state)) return nothing;
  return shows({
    key: 'target-lifecycle-state',
    id: (where) => `target-lifecycle-state-terminated-${hashOf(where)}`,
    interruption: (first) => ({
      kind: 'ASG_LIFECYCLE',
      id: first.id,
      monitor: 'ASG_LIFECYCLE_MONITOR',
      // "AST" is NTH's.
      description: 'AST target lifecycle state received. Instance will be terminated\n',
      where: first.where,
      seenAt: first.seenAt,
      startTime: first.seenAt,
      returnsToWarmPool: false,
    }),
  });
}

/** NTH hashes the state and the time of each poll; the instance makes an id that outlives a restart of ours. */
function hashOf({ instanceId, nodeName = '' }: NodeLocation): string {
  return createHash('sha256')
    .update(`Terminated:${instanceId ?? nodeName}`)
    .digest('hex');
}
