import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * What the process uses, under the names that Prometheus clients share, read when a scrape asks.
 *
 * Not prom-client's collectDefaultMetrics: it samples the event loop on a timer, which at its default of
 * 10 ms doubles the idle CPU and at 1 s tells that second as the lag; and it costs a megabyte of memory.
 */
export function collectProcessMetrics(registry: Registry): void {
  gauge(
    registry,
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch',
    () => {
      return performance.timeOrigin / 1000;
    },
  );
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge(registry, 'nodejs_heap_size_total_bytes', 'Size of the heap', () => process.memoryUsage().heapTotal);
  gauge(
    registry,
    'nodejs_heap_size_used_bytes',
    'Used part of the heap',
    () => process.memoryUsage().heapUsed,
  );
  gauge(registry, 'nodejs_external_memory_bytes', 'Memory held outside the heap', () => {
    return process.memoryUsage().external;
  });
  gauge(registry, 'nodejs_eventloop_lag_seconds', 'How long the event loop takes for one turn', eventLoopLag);
  collectCpuTime(registry);
  if (process.platform === 'linux') {
    gauge(registry, 'process_open_fds', 'Open file descriptors', () => readdirSync('/proc/self/fd').length);
    gauge(registry, 'process_max_fds', 'How many file descriptors may be open', mostFileDescriptors);
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  const metric = new Gauge({
    name,
    help,
    registers: [registry],
    collect: async (): Promise<void> => metric.set(await read()),
  });
}

function collectCpuTime(registry: Registry): void {
  let countedMicroseconds = 0;
  const metric = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time spent',
    registers: [registry],
    collect: (): void => {
      const { user, system } = process.cpuUsage();
      metric.inc((user + system - countedMicroseconds) / 1e6);
      countedMicroseconds = user + system;
    },
  });
}

async function eventLoopLag(): Promise<number> {
  const startedAt = performance.now();
  await nextTurn();
  return (performance.now() - startedAt) / 1000;
}

function mostFileDescriptors(): number {
  const soft = /^Max open files\s+(\d+)/mu.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
