import type { Interruption, NodeLocation } from '../interruption/interruption.ts';
import type { MarkedSignal, QueuedSignal } from './mark-state.ts';

/** What is to be remembered of an interruption that came by a queue; the metadata service shows its own again. */
export function queuedSignal(interruption: Interruption): QueuedSignal | undefined {
  const { instanceId } = interruption.where;
  if (interruption.monitor !== 'SQS_MONITOR' || instanceId === undefined) return undefined;
  return {
    instanceId,
    since: new Date(interruption.seenAt).toISOString(),
    ...peculiarities(interruption),
  };
}

function peculiarities(
  interruption: Interruption,
): Pick<QueuedSignal, 'hook' | 'returns' | 'code' | 'notBefore'> {
  switch (interruption.kind) {
    case 'ASG_LIFECYCLE': {
      const { hook, returnsToWarmPool } = interruption;
      return {
        ...(hook && { hook: { group: hook.group, name: hook.name, token: hook.token } }),
        ...(returnsToWarmPool && { returns: true }),
      };
    }
    case 'SCHEDULED_EVENT':
      return { code: interruption.code, notBefore: new Date(interruption.notBefore).toISOString() };
    case 'SPOT_ITN':
      return interruption.action === 'terminate' ? {} : { returns: true };
    case 'REBALANCE_RECOMMENDATION':
    case 'ASG_LAUNCH_LIFECYCLE':
    case 'STATE_CHANGE':
      return {};
  }
}

/** The interruption of which the Node tells; undefined where it did not come by a queue. */
export function remembered(signal: MarkedSignal, nodeName: string): Interruption | undefined {
  const { id, kind, queued, deadline } = signal;
  if (!queued) return undefined;
  const seenAt = Date.parse(queued.since);
  const where: NodeLocation = { nodeName, instanceId: queued.instanceId };
  const base = {
    id,
    monitor: 'SQS_MONITOR',
    description: `What the node ${nodeName} was marked for before is taken up again. \n`,
    where,
    seenAt,
    startTime: seenAt,
  } as const;
  switch (kind) {
    case 'SPOT_ITN':
      return {
        ...base,
        kind,
        // A stop would do as well as a hibernation: both come back.
        action: queued.returns ? 'stop' : 'terminate',
        deadline: deadline === undefined ? seenAt : Date.parse(deadline),
      };
    case 'SCHEDULED_EVENT':
      return {
        ...base,
        kind,
        code: queued.code ?? '',
        notBefore: queued.notBefore === undefined ? seenAt : Date.parse(queued.notBefore),
      };
    case 'ASG_LIFECYCLE':
      return {
        ...base,
        kind,
        ...(queued.hook && { hook: { ...queued.hook, instanceId: queued.instanceId } }),
        returnsToWarmPool: queued.returns === true,
      };
    case 'REBALANCE_RECOMMENDATION':
      return { ...base, kind, noticedAt: seenAt };
    case 'STATE_CHANGE':
      return { ...base, kind, state: 'shutting-down' };
    case 'ASG_LAUNCH_LIFECYCLE':
      return undefined;
  }
}
