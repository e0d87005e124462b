import { test } from 'node:test';
import { survivesKills } from './killed-life.ts';
import { ordinaryPods, withHeldPod } from './life-pods.ts';

test('killed at any point of a spot notice, the node ends as it would have', () =>
  survivesKills({
    signals: ['spot'],
    env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' },
    cluster: withHeldPod,
    script: [{ atMs: 2_000, happens: ({ imds }) => imds.interrupt() }],
    killsUntilMs: 20_000,
    lastsMs: 35_000,
  }));

test('killed at any point of a spot notice that the machine outlives, the node is unmarked all the same', () =>
  survivesKills({
    signals: ['spot'],
    cluster: ordinaryPods,
    script: [
      { atMs: 2_000, happens: ({ imds }) => imds.interrupt('hibernate', 30_000) },
      { atMs: 40_000, happens: ({ imds }) => imds.clear('spot/instance-action') },
    ],
    killsUntilMs: 105_000,
    lastsMs: 125_000,
  }));

test('killed at any point of a termination by the Auto Scaling group, the node ends as it would have', () =>
  survivesKills({
    signals: ['group'],
    env: { ENABLE_ASG_LIFECYCLE_DRAINING: 'true', ENABLE_OUT_OF_SERVICE_TAINT: 'true' },
    cluster: ordinaryPods,
    script: [
      { atMs: 2_000, happens: ({ imds }) => imds.set('autoscaling/target-lifecycle-state', 'Terminated') },
    ],
    killsUntilMs: 14_000,
    lastsMs: 28_000,
  }));
