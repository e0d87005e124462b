import { goTime, hexOf, isInstanceId, text } from './fields.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html */
export const rebalanceRecommendation: Parser = ({ id, time, detail }, { seenAt, toLocal }) => {
  const instanceId = text(detail['instance-id']);
  if (instanceId === '') return unreadable('no "instance-id"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const startTime = time ?? seenAt;
  return signals({
    kind: 'REBALANCE_RECOMMENDATION',
    id: `rebalance-recommendation-event-${hexOf(id)}`,
    monitor: 'SQS_MONITOR',
    description:
      `Rebalance recommendation event received. ` +
      `Instance ${instanceId} will be cordoned at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    noticedAt: time === undefined ? seenAt : toLocal(time),
  });
};
