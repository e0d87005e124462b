/**
 * Glossary
 *
 * - **Interruption**: one reason why one node goes away, as plain data. Never holds callbacks.
 * - **Signal**: the interruption as its source shows it (an IMDS document, a queue message).
 * - **Delivery**: an interruption lent by a source, to be given back exactly once (`delivery.ts`).
 * - **Response**: what we do about it: ignore, mark, or drain (`policy.ts`).
 * - **Mark**: cordon, taints, labels and the annotation of ours, in one write.
 * - **Deadline**: the instant by which the pods should be gone, on this machine's clock.
 * - **Machine's end**: a deadline after which the instance has no power; what still runs then is cut off.
 * - **Settle**: tell the source that the work is done (delete the message, complete the hook).
 */

/** Milliseconds since the epoch, on this machine's clock: sources correct AWS's times for clock skew. */
export type Instant = number;

/** Where the node is to be found; a source fills in what it knows. */
export interface NodeLocation {
  readonly nodeName?: string;
  readonly instanceId?: string;
  readonly providerId?: string;
}

/** NTH's names of the monitors, part of the contract as `event_error_where` and the webhook's `.Monitor`. */
export type MonitorName =
  | 'SPOT_ITN_MONITOR'
  | 'SCHEDULED_EVENT_MONITOR'
  | 'REBALANCE_RECOMMENDATION_MONITOR'
  | 'ASG_LIFECYCLE_MONITOR'
  | 'SQS_MONITOR';

interface InterruptionBase {
  /** NTH's id of the event: stable from poll to poll and from delivery to delivery. */
  readonly id: string;
  readonly monitor: MonitorName;
  /** NTH's text, ending in a newline as NTH's do. */
  readonly description: string;
  readonly where: NodeLocation;
  /** When this process first saw the signal. */
  readonly seenAt: Instant;
  /** NTH's `.StartTime` of the event, as AWS gave it (not corrected for clock skew). */
  readonly startTime: Instant;
  /** NTH's `.EndTime` of the event, as AWS gave it. */
  readonly endTime?: Instant;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html */
export interface SpotInterruption extends InterruptionBase {
  readonly kind: 'SPOT_ITN';
  readonly action: 'terminate' | 'stop' | 'hibernate';
  readonly deadline: Instant;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instances-status-check_sched.html */
export type MaintenanceCode =
  | 'instance-stop'
  | 'instance-retirement'
  | 'instance-reboot'
  | 'system-reboot'
  | 'system-maintenance';

export interface ScheduledEvent extends InterruptionBase {
  readonly kind: 'SCHEDULED_EVENT';
  /** One of `MaintenanceCode`, or a code that AWS has added since. */
  readonly code: MaintenanceCode | (string & {});
  readonly notBefore: Instant;
  readonly notAfter?: Instant;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html */
export interface RebalanceRecommendation extends InterruptionBase {
  readonly kind: 'REBALANCE_RECOMMENDATION';
  readonly noticedAt: Instant;
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html */
export interface LifecycleHook {
  readonly group: string;
  readonly name: string;
  readonly token: string;
  readonly instanceId: string;
}

export interface AsgTermination extends InterruptionBase {
  readonly kind: 'ASG_LIFECYCLE';
  readonly hook?: LifecycleHook;
  /** The instance is stopped or hibernated and comes back: it isn't the machine's end. */
  readonly returnsToWarmPool: boolean;
}

export interface AsgLaunch extends InterruptionBase {
  readonly kind: 'ASG_LAUNCH_LIFECYCLE';
  readonly hook: LifecycleHook;
}

export interface StateChange extends InterruptionBase {
  readonly kind: 'STATE_CHANGE';
  readonly state: 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
}

/** Why a node goes away, one member per kind, discriminated by NTH's own name of the kind. */
export type Interruption =
  | SpotInterruption
  | ScheduledEvent
  | RebalanceRecommendation
  | AsgTermination
  | AsgLaunch
  | StateChange;

export type InterruptionKind = Interruption['kind'];

export const interruptionKinds = [
  'SPOT_ITN',
  'SCHEDULED_EVENT',
  'REBALANCE_RECOMMENDATION',
  'ASG_LIFECYCLE',
  'ASG_LAUNCH_LIFECYCLE',
  'STATE_CHANGE',
] as const satisfies readonly InterruptionKind[];

/** Codes after which the same machine, or its successor under the same node name, boots again. */
const rebootCodes: ReadonlySet<string> = new Set<MaintenanceCode>([
  'instance-stop',
  'instance-retirement',
  'instance-reboot',
  'system-reboot',
]);

/** Whether NTH uncordons the node once it has booted again: only a daemon on the machine itself can tell. */
export function endsInReboot(interruption: Interruption): boolean {
  return (
    interruption.kind === 'SCHEDULED_EVENT' &&
    interruption.monitor !== 'SQS_MONITOR' &&
    rebootCodes.has(interruption.code)
  );
}

/** Whether NTH leaves the node without a taint: the machine shows maintenance that it survives. */
export function isUntainted(interruption: Interruption): boolean {
  return (
    interruption.kind === 'SCHEDULED_EVENT' &&
    interruption.monitor !== 'SQS_MONITOR' &&
    !rebootCodes.has(interruption.code)
  );
}
