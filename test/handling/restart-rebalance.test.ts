import { test } from 'node:test';
import { survivesKills } from './killed-life.ts';
import { ordinaryPods, withHeldPod } from './life-pods.ts';

test('killed at any point of a rebalance recommendation that is monitored, the node ends marked', () =>
  survivesKills({
    signals: ['rebalance'],
    env: { ENABLE_REBALANCE_MONITORING: 'true' },
    cluster: ordinaryPods,
    script: [{ atMs: 2_000, happens: ({ imds }) => imds.recommendRebalance() }],
    killsUntilMs: 8_000,
    lastsMs: 20_000,
  }));

test('killed at any point of a rebalance drain, the node ends as it would have', () =>
  survivesKills({
    signals: ['rebalance'],
    env: { ENABLE_REBALANCE_DRAINING: 'true' },
    cluster: ordinaryPods,
    script: [{ atMs: 2_000, happens: ({ imds }) => imds.recommendRebalance() }],
    killsUntilMs: 14_000,
    lastsMs: 28_000,
  }));

test('killed at any point of a recommendation that a spot notice follows, the node ends as it would have', () =>
  survivesKills({
    signals: ['rebalance', 'spot'],
    env: { ENABLE_REBALANCE_DRAINING: 'true' },
    cluster: withHeldPod,
    script: [
      { atMs: 2_000, happens: ({ imds }) => imds.recommendRebalance() },
      { atMs: 10_000, happens: ({ imds }) => imds.interrupt() },
    ],
    killsUntilMs: 30_000,
    lastsMs: 44_000,
  }));
