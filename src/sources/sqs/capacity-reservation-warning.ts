import { goTime, hexOf, isInstanceId, parseTime, text } from './fields.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';
import { noticeMs } from './spot-interruption-warning.ts';

/**
 * The owner of an interruptible capacity reservation takes it back: as with Spot, the instance ends two minutes later,
 * so it is handled as a Spot interruption.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-interruptible-cr.html
 */
export const capacityReservationWarning: Parser = ({ id, time, detail }, { seenAt, toLocal }) => {
  const instanceId = text(detail['instance-id']);
  if (instanceId === '') return unreadable('no "instance-id"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const startTime = time ?? seenAt;
  const givenAt = time === undefined ? seenAt : Math.min(toLocal(time), seenAt);
  const end = parseTime(detail['instance-termination-time']);
  return signals({
    kind: 'SPOT_ITN',
    id: `capacity-reservation-interruption-event-${hexOf(id)}`,
    monitor: 'SQS_MONITOR',
    description:
      `Capacity Reservation interruption warning for instance ${instanceId} ` +
      `was sent at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    action: 'terminate',
    deadline: end === undefined ? givenAt + noticeMs : toLocal(end),
  });
};
