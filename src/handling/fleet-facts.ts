import { isStop, tellingOf, type Interruption, type LifecycleHook } from '../interruption/interruption.ts';
import type { FleetNode } from '../kubernetes/cluster.ts';

/** No machine stops and starts within this; a kubelet that is ready again so soon was away by itself. */
export const shortestStopMs = 20_000;

/** Whether the node is marked for it. */
export function carries(node: FleetNode | undefined, interruptionId: string): boolean {
  return node?.memory.signals.some((signal) => signal.id === interruptionId) ?? false;
}

/**
 * A message that names instances of other clusters as well comes again when its part of the work is done, to whoever has
 * not done it. The node may have been put back into service by then.
 */
export function isDrainedFor({ memory, interruptions }: FleetNode, interruption: Interruption): boolean {
  const telling = tellingOf(interruption);
  if (memory.phase !== 'drained' || !telling) return false;
  // Not by when it was seen: it is the same message that is seen anew.
  return interruptions.some(
    (it) => it.id === interruption.id && telling.toldAt <= (tellingOf(it)?.toldAt ?? -Infinity),
  );
}

/** Of a group that waits for it. */
export function hookOf(interruption: Interruption): LifecycleHook | undefined {
  return interruption.kind === 'ASG_LIFECYCLE' ? interruption.hook : undefined;
}

/** A stop is over where the kubelet has become ready since it was complete, or well after AWS told that it began. */
export function hasStartedSince({ isReady, readyChangedAt }: FleetNode, interruption: Interruption): boolean {
  if (!isReady || !isStop(interruption)) return false;
  return readyChangedAt > interruption.startTime + (interruption.state === 'stopping' ? shortestStopMs : 0);
}
