import type { Clock } from './clock.ts';
import type { DaemonOptions } from './daemon.ts';
import type { WorkflowObserver } from './handling/workflow-observer.ts';
import type { Health } from './health.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Status } from './status/status.ts';
import type { Tracing } from './tracing/tracing.ts';

/** The status page's record of workflows, loaded once, by whoever comes first. */
export function lazyStatus(
  { config, version, shownConfig = [] }: DaemonOptions,
  modules: {
    readonly clock: Clock;
    readonly health: Health;
    readonly metrics: Metrics;
    readonly observers: WorkflowObserver[];
  },
): () => Promise<Status> {
  const load = async (): Promise<Status> => {
    const [{ StatusBoard }, { Status }] = await Promise.all([
      import('./status/board.ts'),
      import('./status/status.ts'),
    ]);
    const board = new StatusBoard();
    modules.observers.push(board);
    const { mode, nodeName: node, dryRun } = config;
    return new Status(
      { daemon: { version, mode, node, dryRun }, config: shownConfig },
      { ...modules, board },
    );
  };
  let loaded: Promise<Status> | undefined;
  return () => (loaded ??= load());
}

/** Traces; undefined where nobody is there to receive them. */
export function lazyTracing(
  { config: { tracing }, version, certificateAuthorities }: DaemonOptions,
  modules: { readonly clock: Clock; readonly logger: Logger },
): (() => Promise<Tracing>) | undefined {
  if (!tracing) return undefined;
  return async () => {
    const { Tracing } = await import('./tracing/tracing.ts');
    return new Tracing({ ...tracing, version, certificateAuthorities }, modules);
  };
}
