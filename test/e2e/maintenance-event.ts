import type { MetadataMockOptions } from '../parts/ec2-metadata-mock.ts';

export const HOUR_MS = 3_600_000;

/** The kind of interruption, and what a node that is to reboot carries for it. */
export const KIND = 'SCHEDULED_EVENT';
export const TAINTS = ['aws-node-termination-handler/scheduled-maintenance'];
export const EVENT_ID = 'aws-node-termination-handler/event-id';
export const ACTION = 'aws-node-termination-handler/action';
export const ACTION_TIME = 'aws-node-termination-handler/action-time';
export const LABELS = [EVENT_ID, ACTION, ACTION_TIME];

/** Of a daemon that is quick to hear of maintenance. */
export const ENV = {
  ENABLE_SPOT_INTERRUPTION_DRAINING: 'false',
  TAINT_NODE: 'true',
  NTH_MAINTENANCE_POLL_INTERVAL_MS: '500',
};

export const DRAINED = 'Node successfully cordoned and drained';
export const UNMARKED = 'Node uncordoned and unmarked: the interruption is over';

/** A reboot that begins in `ms` and takes an hour. */
export function eventIn(ms: number): NonNullable<MetadataMockOptions['event']> {
  const at = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/u, 'Z');
  return {
    code: 'system-reboot',
    state: 'active',
    'not-before': at(Date.now() + ms),
    'not-after': at(Date.now() + ms + HOUR_MS),
  };
}
