import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../parts/until.ts';
import { AwsService, type AwsState, type Machine } from './aws-service.ts';
import type { BurstStage } from './burst-stage.ts';
import { DaemonProcess } from './daemon-process.ts';
import { cpuSeconds, forgetPeak, memoryOf } from './process-figures.ts';

const tagsTimeoutMs = 120_000;
const settleTimeoutMs = 180_000;

/** What a burst takes of the daemon and of AWS. */
export interface BurstWork {
  readonly settledMs: number;
  /** EC2 calls for what the messages speak of: all but the sweeps. */
  readonly ec2LookUps: number;
  /** Pages of the regular reading of all tagged instances, where one happened to fall into it. */
  readonly sweepCalls: number;
  readonly receives: number;
  readonly idleRssMb: number;
  readonly peakRssMb: number;
  readonly cpuMs: number;
}

/** A time in which no message comes. */
export interface Quiet {
  readonly cpuPercent: number;
  readonly sweepCalls: number;
}

/** One replica in queue mode, and an AWS of its own. */
export class QueueDaemon {
  readonly #daemon: DaemonProcess;
  readonly #aws: AwsService;

  private constructor(daemon: DaemonProcess, aws: AwsService) {
    this.#daemon = daemon;
    this.#aws = aws;
  }

  static async start(
    { cluster, processes, account, options }: BurstStage,
    name: string,
    machines: readonly Machine[],
  ): Promise<QueueDaemon> {
    const aws = await AwsService.start();
    await aws.order({ type: 'machines', machines });
    const daemon = await DaemonProcess.start(processes, options.daemon, {
      node: name,
      metadataUrl: 'http://127.0.0.1:9',
      apiServer: new URL(cluster.server),
      wrapper: account.wrapper,
      env: {
        ENABLE_SQS_TERMINATION_DRAINING: 'true',
        QUEUE_URL: aws.queueUrl,
        AWS_ENDPOINT: aws.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
    });
    return new QueueDaemon(daemon, aws);
  }

  /** Resolves when it knows of so many nodes that their instances are tagged. */
  async knowsTagged(nodes: number): Promise<void> {
    const isSo = async (): Promise<boolean> => (await this.#daemon.metric('nth_tagged_nodes')) === nodes;
    await until(isSo, {
      what: `the tags of ${nodes} nodes are known`,
      timeoutMs: tagsTimeoutMs,
      everyMs: 500,
    });
  }

  /** The most that it has had since its start, or since the last burst. */
  get peakRssMb(): number {
    return memoryOf(this.#daemon.pid).peakRssMb;
  }

  async quiet(ms: number): Promise<Quiet> {
    const { pid } = this.#daemon;
    const sweepsBefore = sweepCalls(await this.#aws.order({ type: 'state' }));
    const [sinceMs, cpuBefore] = [performance.now(), cpuSeconds(pid)];
    await sleep(ms);
    const seconds = (performance.now() - sinceMs) / 1000;
    return {
      cpuPercent: (100 * (cpuSeconds(pid) - cpuBefore)) / seconds,
      sweepCalls: sweepCalls(await this.#aws.order({ type: 'state' })) - sweepsBefore,
    };
  }

  /** A Spot warning for each of them at once, until no message is left. */
  async burst(machines: readonly Machine[]): Promise<BurstWork & { readonly sinceMs: number }> {
    const { pid } = this.#daemon;
    const { rssMb: idleRssMb } = memoryOf(pid);
    forgetPeak(pid);
    const cpuBefore = cpuSeconds(pid);
    const instanceIds = machines.map(({ instanceId }) => instanceId);
    const { atMs: sinceMs } = await this.#aws.order({ type: 'interrupt', instanceIds });
    const state = await this.#settled();
    const cpuMs = (cpuSeconds(pid) - cpuBefore) * 1000;
    return {
      sinceMs,
      settledMs: (state.settledAtMs ?? Number.NaN) - sinceMs,
      ec2LookUps: ec2Calls(state) - sweepCalls(state),
      sweepCalls: sweepCalls(state),
      receives: state.calls['ReceiveMessage'] ?? 0,
      idleRssMb,
      peakRssMb: memoryOf(pid).peakRssMb,
      cpuMs,
    };
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#aws.stop();
  }

  async #settled(): Promise<AwsState> {
    let state: AwsState | undefined;
    const isSettled = async (): Promise<boolean> => {
      state = await this.#aws.order({ type: 'state' });
      return state.settledAtMs !== undefined && state.left === 0;
    };
    await until(isSettled, { what: 'all messages are deleted', timeoutMs: settleTimeoutMs });
    if (!state) throw new Error('Cannot tell when all was settled');
    return state;
  }
}

function ec2Calls({ calls }: AwsState): number {
  const counts = Object.entries(calls).filter(([call]) => call.startsWith('DescribeInstances'));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

function sweepCalls({ calls }: AwsState): number {
  return calls['DescribeInstances by tag-key'] ?? 0;
}
