import type { Interruption, LifecycleHook } from '../interruption/interruption.ts';
import type { FleetNode } from '../kubernetes/cluster.ts';

/** Whether the node is marked for it. */
export function carries(node: FleetNode | undefined, interruptionId: string): boolean {
  return node?.memory.signals.some((signal) => signal.id === interruptionId) ?? false;
}

/** Of a group that waits for it. */
export function hookOf(interruption: Interruption): LifecycleHook | undefined {
  return interruption.kind === 'ASG_LIFECYCLE' ? interruption.hook : undefined;
}

/** The instance is stopped or hibernated, and starts again under the same id. */
export function comesBack(interruption: Interruption): boolean {
  if (interruption.kind === 'ASG_LIFECYCLE') return interruption.returnsToWarmPool;
  return interruption.kind === 'SPOT_ITN' && interruption.action !== 'terminate';
}
