import { comesBack, type Interruption, type NodeLocation } from '../interruption/interruption.ts';
import type { MarkedSignal, QueuedSignal } from './mark-state.ts';

/** What is to be remembered of an interruption that came by a queue; the metadata service shows its own again. */
export function queuedSignal(interruption: Interruption): QueuedSignal | undefined {
  const { instanceId } = interruption.where;
  if (interruption.monitor !== 'SQS_MONITOR' || instanceId === undefined) return undefined;
  return {
    instanceId,
    since: new Date(interruption.seenAt).toISOString(),
    ...peculiarities(interruption),
    ...(comesBack(interruption) && { returns: true, at: new Date(interruption.startTime).toISOString() }),
  };
}

function peculiarities(interruption: Interruption): Omit<QueuedSignal, 'instanceId' | 'since'> {
  switch (interruption.kind) {
    case 'ASG_LIFECYCLE': {
      const { hook } = interruption;
      return hook ? { hook: { group: hook.group, name: hook.name, token: hook.token } } : {};
    }
    case 'SCHEDULED_EVENT':
      return {
        code: interruption.code,
        notBefore: new Date(interruption.notBefore).toISOString(),
        ...(interruption.toldAt !== undefined && { toldAt: new Date(interruption.toldAt).toISOString() }),
      };
    case 'STATE_CHANGE':
      return { state: interruption.state };
    case 'SPOT_ITN':
    case 'REBALANCE_RECOMMENDATION':
    case 'ASG_LAUNCH_LIFECYCLE':
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
    startTime: queued.at === undefined ? seenAt : Date.parse(queued.at),
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
        ...(queued.toldAt !== undefined && { toldAt: Date.parse(queued.toldAt) }),
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
      return { ...base, kind, state: queued.state ?? (queued.returns ? 'stopping' : 'shutting-down') };
    case 'ASG_LAUNCH_LIFECYCLE':
      return undefined;
  }
}
