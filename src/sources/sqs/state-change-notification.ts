import { leavingStates } from '../../interruption/interruption.ts';
import { goTime, hexOf, isInstanceId, text } from './fields.ts';
import { nothing, signals, unreadable, type Parser } from './signal.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html */
export const stateChangeNotification: Parser = ({ id, time, detail }, { seenAt }) => {
  const instanceId = text(detail['instance-id']);
  const shownState = text(detail['state']);
  if (shownState === '') return unreadable('no "state"');
  const state = leavingStates.find((known) => known === shownState.toLowerCase());
  if (state === undefined) return nothing('a state in which an instance stays');
  if (instanceId === '') return unreadable('no "instance-id"');
  if (!isInstanceId(instanceId)) return nothing('a malformed instance id');
  const startTime = time ?? seenAt;
  return signals({
    kind: 'STATE_CHANGE',
    id: `ec2-state-change-event-${hexOf(id)}`,
    monitor: 'SQS_MONITOR',
    description:
      `EC2 State Change event received. ` +
      `Instance ${instanceId} went into ${shownState} at ${goTime(startTime)} \n`,
    where: { instanceId },
    seenAt,
    startTime,
    state,
  });
};
