import {
  comesBack,
  isStop,
  tellingOf,
  type Interruption,
  type LifecycleHook,
} from '../interruption/interruption.ts';
import type { Response } from '../interruption/policy.ts';
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

/**
 * The machine has been stopped for it and has started again, of which its kubelet's becoming ready tells.
 * @param response what it is answered with
 * @param hasBlinked the kubelet was away by itself before it became ready
 */
export function isBack(
  node: FleetNode,
  interruption: Interruption,
  { response, hasBlinked }: { readonly response: Response; readonly hasBlinked: boolean },
): boolean {
  if (isStop(interruption)) return hasStartedSince(node, interruption);
  const { isReady, readyChangedAt, memory, interruptions } = node;
  // One that AWS told of since is about the next stop.
  if (!isReady || !comesBack(interruption) || readyChangedAt <= interruption.startTime) return false;
  if (interruptions.some((it) => hasStartedSince(node, it))) return true;
  // The machine has no power at its deadline, however far its drain had come.
  if (interruption.kind === 'SPOT_ITN') return readyChangedAt > interruption.deadline;
  // The group stops it once its hook is completed: after the drain, if there is one, and perhaps long after that.
  const hookMayEnd = response === 'drain' ? (memory.drainedAt ?? Infinity) : -Infinity;
  return !hasBlinked && readyChangedAt > hookMayEnd;
}

/** A stop is over where the kubelet has become ready since it was complete, or well after AWS told that it began. */
export function hasStartedSince({ isReady, readyChangedAt }: FleetNode, interruption: Interruption): boolean {
  if (!isReady || !isStop(interruption)) return false;
  return readyChangedAt > interruption.startTime + (interruption.state === 'stopping' ? shortestStopMs : 0);
}
