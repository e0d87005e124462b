import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../src/metrics.ts';

async function samples(): Promise<string[]> {
  const text = await createMetrics('1.2.3').registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('every action starts at 0 with both of its outcomes', async () => {
  const actions = (await samples()).filter((line) => line.startsWith('actions_total'));
  assert.deepEqual(
    actions,
    ['cordon', 'cordon-and-drain', 'uncordon', 'pre-drain', 'post-drain'].flatMap((action) => [
      `actions_total{node_action="${action}",node_status="success"} 0`,
      `actions_total{node_action="${action}",node_status="error"} 0`,
    ]),
  );
});

test('every monitor starts with 0 errors', async () => {
  const errors = (await samples()).filter((line) => line.startsWith('events_error_total'));
  assert.deepEqual(
    errors,
    ['SPOT_ITN', 'SCHEDULED_EVENT', 'REBALANCE_RECOMMENDATION', 'ASG_LIFECYCLE', 'SQS'].map(
      (monitor) => `events_error_total{event_error_where="${monitor}_MONITOR"} 0`,
    ),
  );
});

test('tells the version that runs', async () => {
  assert.ok(
    (await samples()).includes(`nth_build_info{version="1.2.3",node_version="${process.version}"} 1`),
  );
});

test('two daemons in one process do not share metrics', () => {
  assert.notEqual(createMetrics('a').registry, createMetrics('b').registry);
});

test('every metric of our own has the prefix nth_', async () => {
  const all = await createMetrics('1.2.3').registry.getMetricsAsJSON();
  const ours = all.map(({ name }) => name).filter((name) => !/^(process|nodejs)_/u.test(name));
  const nth = ['actions_total', 'actions_node_total', 'events_error_total'];
  assert.deepEqual(
    ours.filter((name) => !name.startsWith('nth_')),
    nth,
  );
});
