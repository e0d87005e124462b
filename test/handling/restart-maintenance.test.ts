import { test } from 'node:test';
import { maintenanceEvent, scheduleMaintenance } from '../daemon/maintenance.ts';
import { survivesKills, type Machine } from './killed-life.ts';
import { ordinaryPods, withHeldPod } from './life-pods.ts';

const notBefore = Date.parse('2030-01-08T09:00:00Z');
/** The fake clock's beginning, and a start that is near. */
const soon = Date.parse('2030-01-01T00:00:30Z');
/** Before the reboot that it announces. */
const sooner = Date.parse('2030-01-01T00:00:10Z');

function schedule(start: number, code?: string) {
  return ({ imds }: Machine) => scheduleMaintenance(imds, { notBefore: start, ...(code && { code }) });
}

/** AWS moves what has ended to the history. */
function ends(state: 'canceled' | 'completed') {
  return ({ imds }: Machine) => {
    imds.set('events/maintenance/scheduled', []);
    imds.set('events/maintenance/history', [maintenanceEvent({ notBefore, state })]);
  };
}

const beforeStart = { NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_SCHEDULED_EVENT_LEAD_SECONDS: '15' };

for (const code of ['system-reboot', 'system-maintenance']) {
  test(`killed at any point of maintenance (${code}), the node ends as it would have`, () =>
    survivesKills({
      signals: ['maintenance'],
      cluster: ordinaryPods,
      script: [{ atMs: 2_000, happens: schedule(notBefore, code) }],
      killsUntilMs: 14_000,
      lastsMs: 28_000,
    }));
}

test('killed at any point of maintenance that is drained for before its start, the node ends as it would have', () =>
  survivesKills({
    signals: ['maintenance'],
    env: beforeStart,
    cluster: ordinaryPods,
    script: [{ atMs: 2_000, happens: schedule(soon) }],
    killsUntilMs: 24_000,
    lastsMs: 38_000,
  }));

test('killed at any point of maintenance that is cancelled before its drain, the node is unmarked', () =>
  survivesKills({
    signals: ['maintenance'],
    env: beforeStart,
    cluster: ordinaryPods,
    script: [
      { atMs: 2_000, happens: schedule(notBefore) },
      { atMs: 12_000, happens: ends('canceled') },
    ],
    killsUntilMs: 18_000,
    lastsMs: 30_000,
  }));

test('killed at any point of maintenance that is cancelled in mid-drain, the node is unmarked', () =>
  survivesKills({
    signals: ['maintenance'],
    cluster: withHeldPod,
    script: [
      { atMs: 2_000, happens: schedule(notBefore) },
      { atMs: 20_000, happens: ends('canceled') },
    ],
    killsUntilMs: 28_000,
    lastsMs: 40_000,
  }));

test('killed at any point of maintenance with a reboot, the node is uncordoned after it', () =>
  survivesKills({
    signals: ['maintenance'],
    cluster: ordinaryPods,
    script: [
      { atMs: 2_000, happens: schedule(sooner) },
      { atMs: 20_000, happens: ({ reboot }) => reboot(3_000) },
      { atMs: 32_000, happens: ends('completed') },
    ],
    killsUntilMs: 36_000,
    lastsMs: 50_000,
  }));
