import { createHash } from 'node:crypto';
import type { Instant } from '../../interruption/interruption.ts';
import { goTime, isReservationId, parseTime, text } from './fields.ts';
import { unreadable, type Parser } from './signal.ts';

/** AWS begins to terminate a block's instances so long before the block ends. */
const terminationLeadMs = 30 * 60_000;
/** The warning comes so long before that. */
const noticeMs = 10 * 60_000;

/**
 * A Capacity Block comes to its end: its instances are terminated from 10 minutes after the warning on, so they are
 * handled as Spot instances with that deadline.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-blocks-monitor.html
 */
export const capacityBlockExpiration: Parser = ({ id, time, detail }, { seenAt, toLocal }) => {
  const reservationId = text(detail['capacity-reservation-id']);
  if (reservationId === '') return unreadable('no "capacity-reservation-id"');
  // Nobody knows which instances were meant.
  if (!isReservationId(reservationId)) return unreadable('a malformed "capacity-reservation-id"');
  const startTime = time ?? seenAt;
  const end = parseTime(detail['end-date']);
  const deadline: Instant =
    end === undefined
      ? (time === undefined ? seenAt : Math.min(toLocal(time), seenAt)) + noticeMs
      : toLocal(end) - terminationLeadMs;
  return {
    type: 'reservation',
    reservationId,
    signal: (instanceId) => ({
      type: 'interruption',
      interruption: {
        kind: 'SPOT_ITN',
        id: `capacity-block-expiration-event-${createHash('sha256').update(`${id} ${instanceId}`).digest('hex')}`,
        monitor: 'SQS_MONITOR',
        description:
          `Capacity Block ${reservationId} of instance ${instanceId} expires, ` +
          `the warning was sent at ${goTime(startTime)} \n`,
        where: { instanceId },
        seenAt,
        startTime,
        action: 'terminate',
        deadline,
      },
    }),
  };
};
