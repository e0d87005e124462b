import { createHash } from 'node:crypto';
import type { CancellationCause } from '../../interruption/delivery.ts';
import type { Instant, MaintenanceCode } from '../../interruption/interruption.ts';
import { goTime, isInstanceId, isObject, parseTime, text } from './fields.ts';
import { nothing, type Envelope, type FirstSight, type Parser, type Signal } from './signal.ts';

/**
 * Maintenance that AWS has scheduled for instances of the account: one message, or one a page, names many. It comes
 * again when something about it changes, with an event id of its own each time but the same ARN.
 * https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
 */
export const healthEvent: Parser = (event, first) => {
  const { detail } = event;
  if (text(detail['service']) !== 'EC2') return nothing('not about EC2');
  if (text(detail['eventTypeCategory']) !== 'scheduledChange') return nothing('no scheduled change');
  const entities = Array.isArray(detail['affectedEntities']) ? (detail['affectedEntities'] as unknown[]) : [];
  const isClosed = isOver(text(detail['statusCode'])) || isCalledOff(text(detail['eventTypeCode']));
  const signals = new Map<string, Signal>();
  for (const entity of entities) {
    const instanceId = isObject(entity) ? text(entity['entityValue']) : '';
    // Volumes, hosts and whole accounts are named as well.
    if (!isObject(entity) || !isInstanceId(instanceId)) continue;
    const isDone = isClosed || text(entity['status']).toUpperCase() === 'RESOLVED';
    signals.set(
      instanceId,
      isDone ? cancellation(event, instanceId, first) : interruption(event, instanceId, first),
    );
  }
  return signals.size === 0
    ? nothing('names no instance')
    : { type: 'signals', signals: [...signals.values()] };
};

function isOver(statusCode: string): boolean {
  return /^(?:closed|cancell?ed|completed)$/i.test(statusCode);
}

/** As in `AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_CANCELLED`. */
function isCalledOff(eventTypeCode: string): boolean {
  return /_CANCELL?ED$/.test(eventTypeCode);
}

/**
 * The same for each message about one instance of one event, so that a cancellation finds what it cancels. (NTH's are
 * made of the id of each message.)
 */
function idOf({ id, detail }: Envelope, instanceId: string): string {
  const event = text(detail['eventArn']) || id;
  return `aws-health-scheduled-change-event-${createHash('sha256').update(`${event} ${instanceId}`).digest('hex')}`;
}

function interruption(event: Envelope, instanceId: string, { seenAt, toLocal }: FirstSight): Signal {
  const { detail, time } = event;
  const [start, end] = [parseTime(detail['startTime']), parseTime(detail['endTime'])];
  return {
    type: 'interruption',
    interruption: {
      kind: 'SCHEDULED_EVENT',
      id: idOf(event, instanceId),
      monitor: 'SQS_MONITOR',
      description:
        `AWS Health scheduled change event received. ` +
        `Instance ${instanceId} will be interrupted at ${goTime(time ?? seenAt)} \n`,
      where: { instanceId },
      seenAt,
      startTime: seenAt,
      ...(end !== undefined && { endTime: end }),
      code: codeOf(text(detail['eventTypeCode'])),
      notBefore: start === undefined ? seenAt : toLocal(start),
      ...(end !== undefined && { notAfter: toLocal(end) }),
      toldAt: toldAtOf(event, seenAt),
    },
  };
}

function toldAtOf({ detail, time }: Envelope, seenAt: Instant): Instant {
  return parseTime(detail['lastUpdatedTime']) ?? time ?? seenAt;
}

function cancellation(event: Envelope, instanceId: string, { seenAt, toLocal }: FirstSight): Signal {
  const end = parseTime(event.detail['endTime']) ?? parseTime(event.detail['startTime']);
  return {
    type: 'cancellation',
    interruptionId: idOf(event, instanceId),
    why: causeOf(end === undefined ? undefined : toLocal(end), seenAt),
    toldAt: toldAtOf(event, seenAt),
    where: { instanceId },
  };
}

/** AWS calls both closed: what is over before its time was called off. */
function causeOf(end: Instant | undefined, now: Instant): CancellationCause {
  return end !== undefined && end > now ? 'canceled' : 'completed';
}

const codes: readonly [part: string, code: MaintenanceCode][] = [
  ['SYSTEM_REBOOT', 'system-reboot'],
  ['REBOOT', 'instance-reboot'],
  ['RETIREMENT', 'instance-retirement'],
  ['STOP', 'instance-stop'],
  ['MAINTENANCE', 'system-maintenance'],
];

/** What the metadata service calls the same event; AWS's own name where it has no other. */
function codeOf(eventTypeCode: string): string {
  return codes.find(([part]) => eventTypeCode.includes(part))?.[1] ?? eventTypeCode;
}
