import { capacityBlockExpiration } from './capacity-block-expiration.ts';
import { capacityReservationWarning } from './capacity-reservation-warning.ts';
import { readEnvelope } from './envelope.ts';
import { healthEvent } from './health-event.ts';
import { launchLifecycleAction } from './launch-lifecycle-action.ts';
import { rebalanceRecommendation } from './rebalance-recommendation.ts';
import { nothing, unreadable, type Envelope, type FirstSight, type Parser, type Reading } from './signal.ts';
import { spotInterruptionWarning } from './spot-interruption-warning.ts';
import { stateChangeNotification } from './state-change-notification.ts';
import { terminateLifecycleAction } from './terminate-lifecycle-action.ts';

/** Every kind of event that is acted on, by its source and detail type: a new one is one file and one row. */
const parsers: Readonly<Record<string, Readonly<Record<string, Parser>>>> = {
  'aws.ec2': {
    'EC2 Spot Instance Interruption Warning': spotInterruptionWarning,
    'EC2 Instance Rebalance Recommendation': rebalanceRecommendation,
    'EC2 Instance State-change Notification': stateChangeNotification,
    // AWS's documentation has each of these two under two names.
    'EC2 Capacity Reservation Instance Interruption Warning': capacityReservationWarning,
    'EC2 Interruptible Capacity Reservation Instance Interruption Warning': capacityReservationWarning,
    'Capacity Block Reservation Expiration Warning': capacityBlockExpiration,
    'Capacity Block Expiration Warning': capacityBlockExpiration,
  },
  'aws.autoscaling': {
    'EC2 Instance-terminate Lifecycle Action': terminateLifecycleAction,
    'EC2 Instance-launch Lifecycle Action': launchLifecycleAction,
  },
  'aws.health': {
    'AWS Health Event': healthEvent,
  },
};

/** Those that are acted on. */
export const detailTypes: readonly string[] = Object.values(parsers).flatMap((ofSource) =>
  Object.keys(ofSource),
);

/** What the body of a message says. Never throws, and keeps nothing of the body. */
export function readMessage(body: string, messageId: string, first: FirstSight): Reading {
  const event = readEnvelope(body, messageId);
  return 'type' in event ? event : readEvent(event, first);
}

function readEvent(event: Envelope, first: FirstSight): Reading {
  const { source, detailType, detail } = event;
  const ofSource = Object.hasOwn(parsers, source) ? parsers[source] : undefined;
  if (ofSource === undefined) return unreadable('a source that is unknown');
  const parser = Object.hasOwn(ofSource, detailType) ? ofSource[detailType] : undefined;
  if (parser !== undefined) return parser(event, first);
  // As NTH does: other events of EC2 and of groups are for nobody else, what Health says of abuse may be.
  if (source === 'aws.ec2') return nothing('an event of EC2 that ends no instance');
  if (source === 'aws.autoscaling' && detail['LifecycleTransition'] === undefined) {
    return nothing('an event of a group that waits for nobody');
  }
  return unreadable('a detail type that is unknown');
}
