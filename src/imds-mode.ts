import { readBootTime, type ReadFile } from './boot-time.ts';
import { ClockSkew } from './clock-skew.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { OwnNode } from './handling/own-node.ts';
import type { Health } from './health.ts';
import type { MonitorName } from './interruption/interruption.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Mode, ModeIntake } from './mode.ts';
import { ImdsClient } from './sources/imds/client.ts';
import { ImdsIdentity } from './sources/imds/identity.ts';
import { ImdsSource } from './sources/imds/source.ts';

export interface ImdsModeModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly readFile: ReadFile;
  /** A source of interruptions can't be asked. */
  readonly onTrouble: (monitor: MonitorName) => void;
  /** An earlier process had taken off the marks, and not the conditions. */
  readonly onLeftOverConditions: () => void;
}

/** Each node's own daemon watches the metadata service. */
export class ImdsMode implements Mode {
  readonly knownNodes = undefined;
  readonly workflow = {};
  readonly #config: Config;
  readonly #modules: ImdsModeModules;
  readonly #skew: ClockSkew;
  readonly #client: ImdsClient;
  readonly #identity: ImdsIdentity;

  constructor(config: Config, modules: ImdsModeModules) {
    this.#config = config;
    this.#modules = modules;
    this.#skew = new ClockSkew({ against: 'imds' }, modules);
    const { baseUrl: url, tries } = config.imds;
    this.#client = new ImdsClient({ url, tries }, { ...modules, skew: this.#skew });
    this.#identity = new ImdsIdentity({ ...modules, client: this.#client });
  }

  instance(signal: AbortSignal): ReturnType<ImdsIdentity['read']> {
    return this.#identity.read(signal);
  }

  intake(cluster: Cluster): ModeIntake {
    const { clock, readFile, onLeftOverConditions } = this.#modules;
    const { imds, nodeName: node, policy, unmarksSurvivors } = this.#config;
    const { monitors, pollIntervalMs } = imds;
    const source = new ImdsSource(
      {
        nodeName: node,
        periodsMs: {
          ...(monitors.spotInterruption && { 'spot-instance-action': pollIntervalMs.spotInterruption }),
          ...(monitors.scheduledEvent && { 'scheduled-maintenance': pollIntervalMs.scheduledEvent }),
          ...(monitors.rebalanceRecommendation && {
            'rebalance-recommendation': pollIntervalMs.rebalanceRecommendation,
          }),
          ...(monitors.asgLifecycle && { 'target-lifecycle-state': pollIntervalMs.asgLifecycle }),
        },
      },
      { ...this.#modules, skew: this.#skew, client: this.#client, identity: this.#identity },
    );
    const records = new OwnNode(
      { node, policy, unmarksSurvivors },
      {
        ...this.#modules,
        cluster,
        bootedAt: () => readBootTime({ uptimeFile: imds.uptimeFile }, { clock, readFile }),
        isShown: (id) => source.isShown(id),
        onLeftOverConditions,
      },
    );
    return { sources: [source], records, observers: [] };
  }

  async run(signal: AbortSignal): Promise<void> {
    // Nothing waits for it: who the instance is matters to those who read the log.
    await this.#identity.read(signal).catch(() => {});
  }

  close(): void {
    this.#client.close();
  }
}
