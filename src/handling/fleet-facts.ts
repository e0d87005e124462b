import {
  isStop,
  tellingOf,
  type Instant,
  type Interruption,
  type LifecycleHook,
} from '../interruption/interruption.ts';
import type { Decision } from '../interruption/policy.ts';
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
export function isActedOn(
  node: FleetNode,
  interruption: Interruption,
  decision: Pick<Decision, 'response' | 'drainAt'>,
  now: Instant,
): boolean {
  const telling = tellingOf(interruption);
  if (!telling || !(decision.response === 'mark' || isDrained(node, decision, now))) return false;
  // Not by when it was seen: it is the same message that is seen anew.
  return node.interruptions.some(
    (it) => it.id === interruption.id && telling.toldAt <= (tellingOf(it)?.toldAt ?? -Infinity),
  );
}

/** Whether the node, which is marked for it, is still to be drained for it. */
export function isToDrain(
  node: FleetNode,
  decision: Pick<Decision, 'response' | 'drainAt'>,
  now: Instant,
): boolean {
  return decision.response === 'drain' && !isDrained(node, decision, now);
}

/** Where the time of an interruption has not come the node was drained for another. */
function isDrained({ memory }: FleetNode, { drainAt }: Pick<Decision, 'drainAt'>, now: Instant): boolean {
  return memory.phase === 'drained' && drainAt <= now;
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
