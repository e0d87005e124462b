import { goTime, hexOf, isInstanceId, text } from './fields.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';

/** The notice that AWS gives before it takes a Spot instance. */
export const noticeMs = 120_000;

/**
 * The Spot interruption notice: the message's time is when the notice was given, two minutes before the end.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 */
export const spotInterruptionWarning: Parser = ({ id, time, detail }, { seenAt, toLocal }) => {
  const instanceId = text(detail['instance-id']);
  if (instanceId === '') return unreadable('no "instance-id"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const action = text(detail['instance-action']);
  const startTime = time ?? seenAt;
  // However far apart the clocks are, a notice that is here has been given.
  const givenAt = time === undefined ? seenAt : Math.min(toLocal(time), seenAt);
  return signals({
    kind: 'SPOT_ITN',
    id: `spot-itn-event-${hexOf(id)}`,
    monitor: 'SQS_MONITOR',
    description: `Spot Interruption notice for instance ${instanceId} was sent at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    action: action === 'stop' || action === 'hibernate' ? action : 'terminate',
    deadline: givenAt + noticeMs,
  });
};
