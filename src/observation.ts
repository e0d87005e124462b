import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { WorkflowObserver } from './handling/workflow-observer.ts';
import type { Interruption, MonitorName } from './interruption/interruption.ts';
import type { ApiClient } from './kubernetes/api-client.ts';
import type { InstanceFacts } from './instance-facts.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { KubernetesEvents } from './kubernetes/events.ts';
import type { NodeConditions } from './kubernetes/node-conditions.ts';
import type { NodeObject } from './kubernetes/views.ts';
import type { NodeEvents } from './notify/node-events.ts';

export interface ObservationModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Who this instance is; used in IMDS mode. */
  readonly instance: (signal: AbortSignal) => Promise<InstanceFacts>;
}

const lastWordsMs = 3_000;

/** What tells of the work at the API server. Each is loaded only where the options ask for it. */
export class Observation {
  readonly #config: Config;
  readonly #modules: ObservationModules;
  #events:
    | { readonly node: NodeEvents; readonly sink: KubernetesEvents; readonly ended: Promise<void> }
    | undefined;
  #conditions: NodeConditions | undefined;

  constructor(config: Config, modules: ObservationModules) {
    this.#config = config;
    this.#modules = modules;
  }

  /** @returns those who are to be told of workflows */
  async start(): Promise<readonly WorkflowObserver[]> {
    const { dryRun, events, nodeConditions } = this.#config;
    // What was not done is not told.
    if (dryRun) return [];
    const observers: WorkflowObserver[] = [];
    if (events) observers.push(await this.#startEvents(events.extraAnnotations));
    if (nodeConditions) observers.push(await this.#startConditions());
    return observers;
  }

  /** A source of interruptions can't be asked. */
  monitorFailed(monitor: MonitorName): void {
    this.#events?.node.monitorFailed(monitor, this.#config.nodeName, this.#modules.clock.now());
  }

  /** An instance was launched, which NTH takes for an interruption that it does not know. */
  launched(node: string, interruption: Interruption): void {
    this.#events?.node.received(interruption, node, this.#modules.clock.now());
  }

  /** An earlier process has left conditions of ours on this node, and nothing else. */
  clearConditions(): void {
    this.#conditions?.set(this.#config.nodeName, []);
  }

  /** The API server has shown the node to others. */
  nodeShown(name: string, node: NodeObject): void {
    this.#conditions?.see(name, node);
  }

  /** What is still to be told is told within some seconds, or not at all. */
  async end(killing: AbortSignal): Promise<void> {
    const withinMs = killing.aborted ? 0 : lastWordsMs;
    this.#events?.sink.end(withinMs);
    await Promise.all([this.#events?.ended, this.#conditions?.end(withinMs)]);
  }

  async #startEvents(extra: Readonly<Record<string, string>>): Promise<WorkflowObserver> {
    const [{ KubernetesEvents }, { NodeEvents }, { instanceAnnotations, nodeAnnotations }] =
      await Promise.all([
        import('./kubernetes/events.ts'),
        import('./notify/node-events.ts'),
        import('./kubernetes/event-annotations.ts'),
      ]);
    const { mode, nodeName } = this.#config;
    const { instance } = this.#modules;
    const sink = new KubernetesEvents(
      {
        host: nodeName,
        annotate: async (node, signal) =>
          mode === 'imds' ? instanceAnnotations(await instance(signal), extra) : nodeAnnotations(node, extra),
      },
      this.#modules,
    );
    const node = new NodeEvents({ sink });
    this.#events = { node, sink, ended: sink.run() };
    return node;
  }

  async #startConditions(): Promise<WorkflowObserver> {
    const [{ NodeConditions }, { ConditionWatcher }] = await Promise.all([
      import('./kubernetes/node-conditions.ts'),
      import('./notify/condition-watcher.ts'),
    ]);
    this.#conditions = new NodeConditions(this.#modules);
    return new ConditionWatcher({ sink: this.#conditions });
  }
}
