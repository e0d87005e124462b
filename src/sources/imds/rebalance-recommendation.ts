import { createHash } from 'node:crypto';
import {
  isObject,
  nothing,
  parseJson,
  shows,
  text,
  unreadable,
  type Reading,
  type SignalKind,
} from './signal.ts';
import { parseTime } from './times.ts';

/**
 * The recommendation to move off a spot instance that is likely to be interrupted.
 * AWS emits it on a best-effort basis and defines no withdrawal: one that is no longer shown is not
 * undone, and one that is shown again later is a new signal.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html
 */
export const rebalanceRecommendation: SignalKind = {
  monitor: 'REBALANCE_RECOMMENDATION_MONITOR',
  documents: [{ path: '/latest/meta-data/events/recommendations/rebalance', read }],
};

function read(body: string | undefined): Reading {
  if (body === undefined) return nothing;
  const notice = parseJson(body);
  if (!isObject(notice)) return unreadable('not a JSON object');
  const noticeTime = text(notice['noticeTime']);
  if (noticeTime === '') return unreadable('no "noticeTime"');
  const noticedAt = parseTime(noticeTime);
  return shows({
    key: 'rebalance',
    id: () => `rebalance-recommendation-${createHash('sha256').update(`&{${noticeTime}}`).digest('hex')}`,
    interruption: (first) => ({
      kind: 'REBALANCE_RECOMMENDATION',
      id: first.id,
      monitor: 'REBALANCE_RECOMMENDATION_MONITOR',
      description: `Rebalance recommendation received. Instance will be cordoned at ${noticeTime} \n`,
      where: first.where,
      seenAt: first.seenAt,
      startTime: noticedAt ?? first.seenAt,
      noticedAt: noticedAt === undefined ? first.seenAt : first.toLocal(noticedAt),
    }),
  });
}
