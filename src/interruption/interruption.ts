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

/** Whether the instance is none of those that are meant, where both are known. */
export function isOtherInstance(
  instanceId: string | undefined,
  meant: readonly NodeLocation[],
): instanceId is string {
  const ids = meant.flatMap((where) => where.instanceId ?? []);
  return instanceId !== undefined && ids.length > 0 && !ids.includes(instanceId);
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
  /** When AWS told of it, by AWS's clock: a queue may deliver what was told before after what was told since. */
  readonly toldAt?: Instant;
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

/** The states of an instance that is going away, or gone. */
export const leavingStates = ['stopping', 'stopped', 'shutting-down', 'terminated'] as const;

export interface StateChange extends InterruptionBase {
  readonly kind: 'STATE_CHANGE';
  readonly state: (typeof leavingStates)[number];
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

/** The instance is stopped or hibernated, and may start again under the same id. */
export function comesBack(interruption: Interruption): boolean {
  switch (interruption.kind) {
    case 'ASG_LIFECYCLE':
      return interruption.returnsToWarmPool;
    case 'SPOT_ITN':
      return interruption.action !== 'terminate';
    case 'STATE_CHANGE':
      return isStop(interruption);
    case 'SCHEDULED_EVENT':
    case 'REBALANCE_RECOMMENDATION':
    case 'ASG_LAUNCH_LIFECYCLE':
      return false;
  }
}

/** It is being stopped, or was. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
export function isStop(interruption: Interruption): interruption is StateChange {
  if (interruption.kind !== 'STATE_CHANGE') return false;
  return interruption.state === 'stopping' || interruption.state === 'stopped';
}

/** When what is known of an event was told, first of all by AWS, and when this or another process first saw it. */
export interface Telling {
  readonly toldAt: Instant;
  readonly seenAt: Instant;
}

/** Of an event whose content may change; undefined where there is no telling. */
export function tellingOf(interruption: Interruption): Telling | undefined {
  if (interruption.kind !== 'SCHEDULED_EVENT' || interruption.toldAt === undefined) return undefined;
  return { toldAt: interruption.toldAt, seenAt: interruption.seenAt };
}

/** Whether it was told before the other; false where one of them does not say. */
export function isToldBefore(telling: Telling | undefined, other: Telling | undefined): boolean {
  if (!telling || !other) return false;
  return telling.toldAt === other.toldAt ? telling.seenAt < other.seenAt : telling.toldAt < other.toldAt;
}

/** An event that is over, and when AWS told so, by AWS's clock; undefined: whatever else it tells of it is old. */
export interface Over {
  readonly id: string;
  readonly toldAt?: Instant | undefined;
}

/** Whether what was told of an event is over: AWS has not told it since. */
export function isOver(telling: Telling | undefined, over: Over | undefined): boolean {
  return over !== undefined && (telling === undefined || telling.toldAt <= (over.toldAt ?? Infinity));
}

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
