import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { collectProcessMetrics } from '../src/process-metrics.ts';

async function collected(
  registry: Registry,
): Promise<Map<string, { type: unknown; value: number | undefined }>> {
  const metrics = await registry.getMetricsAsJSON();
  return new Map(metrics.map(({ name, type, values }) => [name, { type, value: values[0]?.value }]));
}

test('tells CPU, memory and event loop under the names that Prometheus clients share', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const metrics = await collected(registry);
  for (const name of [
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_heap_size_total_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
    'process_cpu_seconds_total',
  ]) {
    assert.ok((metrics.get(name)?.value ?? 0) > 0, name);
  }
  assert.ok((metrics.get('nodejs_eventloop_lag_seconds')?.value ?? -1) >= 0);
  assert.equal(metrics.get('process_cpu_seconds_total')?.type, 'counter');
});

test('tells file descriptors on Linux', { skip: process.platform !== 'linux' }, async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const metrics = await collected(registry);
  const open = metrics.get('process_open_fds')?.value ?? 0;
  assert.ok(open > 2);
  assert.ok((metrics.get('process_max_fds')?.value ?? 0) >= open);
});

test('CPU time only grows from scrape to scrape, by what was spent', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const before = process.cpuUsage();
  const first = (await collected(registry)).get('process_cpu_seconds_total')?.value ?? 0;
  const second = (await collected(registry)).get('process_cpu_seconds_total')?.value ?? 0;
  const after = process.cpuUsage();
  assert.ok(first >= (before.user + before.system) / 1e6);
  assert.ok(second >= first);
  assert.ok(second <= (after.user + after.system) / 1e6 + 1e-6);
});
