import type { FakeHook } from '../../fakes/auto-scaling.ts';
import { budgets } from '../../fakes/api-server/resources.ts';
import { FakeApiServer } from '../../fakes/api-server.ts';
import { FakeAws } from '../../fakes/aws.ts';
import { FakeClock } from '../../fakes/clock.ts';
import type { FakeQueueOptions } from '../../fakes/sqs/queue.ts';
import {
  eventBridge,
  healthEvent,
  spotWarning,
  stateChange,
  terminateAction,
} from '../../sources/sqs/messages.ts';
import { DaemonReplicas, type DaemonReplicasOptions } from './daemon-replicas.ts';
import { FleetLedger } from './fleet-ledger.ts';

export const managedTag = 'aws-node-termination-handler/managed';
const spotNoticeMs = 120_000;

export interface FleetWorldOptions extends DaemonReplicasOptions {
  readonly nodes: number;
  readonly random: () => number;
  readonly queue?: FakeQueueOptions;
  /** From a pod's SIGTERM to its end at most. */
  readonly longestShutdownMs: number;
  /** Of one node in so many a pod is held by a budget for up to so long. @default none */
  readonly held?: { readonly oneIn: number; readonly longestMs: number };
}

/** Nodes with pods, their instances and queue, replicas of the daemon, and what is written down of all that. */
export class FleetWorld {
  readonly clock: FakeClock;
  readonly api: FakeApiServer;
  readonly aws: FakeAws;
  readonly replicas: DaemonReplicas;
  readonly ledger: FleetLedger;
  readonly #options: FleetWorldOptions;

  private constructor(options: FleetWorldOptions, clock: FakeClock, api: FakeApiServer, aws: FakeAws) {
    const modules = { clock, api, aws };
    this.#options = options;
    this.clock = clock;
    this.api = api;
    this.aws = aws;
    this.replicas = new DaemonReplicas(options, modules);
    this.ledger = new FleetLedger(modules);
  }

  static async create(options: FleetWorldOptions): Promise<FleetWorld> {
    const clock = new FakeClock();
    const api = await FakeApiServer.start({}, { clock });
    const aws = await FakeAws.start(options.queue ?? {}, { clock });
    const world = new FleetWorld(options, clock, api, aws);
    for (let index = 0; index < options.nodes; index += 1) world.#addNode(index);
    world.ledger.begin();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.replicas[Symbol.asyncDispose]();
    await this.api.stop();
    await this.aws.stop();
  }

  /** A message, or some, for each node, in any order during so long. */
  interruptAll(duringMs: number): void {
    const { nodes, random } = this.#options;
    for (let index = 0; index < nodes; index += 1) {
      const delayMs = random() * duringMs;
      const kind = index % 5;
      if (kind === 0) this.#terminate(index, delayMs);
      if (kind === 1) this.#spot(index, delayMs);
      if (kind === 2) this.#send(stateChange(instance(index), 'shutting-down'), [index], delayMs);
      // What comes together for one node: recommendation, notice, the group's action and the instance's state.
      if (kind === 3) {
        this.#send(rebalance(index), [index], delayMs);
        this.#terminate(index, delayMs + random() * 5_000);
        this.#send(stateChange(instance(index), 'stopping'), [index], delayMs + random() * 30_000);
        this.#spot(index, delayMs + random() * 5_000);
      }
      if (kind === 4) this.#maintenance(index, delayMs);
    }
  }

  #terminate(index: number, delayMs: number): void {
    const token = `token-${index}`;
    const hook = this.aws.autoScaling.wait(
      { group: 'nodes', name: 'drain', token, instanceId: instance(index) },
      { timeoutMs: 7_200_000 },
    );
    this.#send(terminateAction(instance(index), token), [index], delayMs, { hook });
  }

  #spot(index: number, delayMs: number): void {
    const at = this.clock.now() + delayMs;
    const message = spotWarning(instance(index), new Date(at).toISOString());
    this.#send(message, [index], delayMs, { endsAt: at + spotNoticeMs });
  }

  /** One message for three nodes, of which two others are named by messages of their own. */
  #maintenance(index: number, delayMs: number): void {
    const indexes = [index, index - 1, index - 2];
    const eventArn = `arn:aws:health:eu-central-1::event/EC2/${index}`;
    this.#send(healthEvent(indexes.map(instance), { eventArn }), indexes, delayMs);
  }

  #send(
    body: object,
    indexes: readonly number[],
    delayMs: number,
    more: { readonly hook?: FakeHook; readonly endsAt?: number } = {},
  ): void {
    const id = this.aws.sqs.queue.send(body, { delayMs });
    this.ledger.ask(id, { nodes: indexes.map(nodeName), ...more });
  }

  #addNode(index: number): void {
    const { random, longestShutdownMs, held } = this.#options;
    const node = nodeName(index);
    this.api.addNode({ name: node, providerId: `aws:///eu-central-1a/${instance(index)}` });
    this.aws.ec2.put({ instanceId: instance(index), privateDnsName: node, tags: { [managedTag]: '' } });
    const shutdownMs = (): number => Math.floor(random() * longestShutdownMs);
    this.api.addPod({
      name: `web-${index}`,
      node,
      owner: `ReplicaSet/web-${index}`,
      shutdownMs: shutdownMs(),
    });
    this.api.addPod({
      name: `db-${index}`,
      node,
      owner: `StatefulSet/db-${index}`,
      shutdownMs: shutdownMs(),
    });
    this.api.addPod({ name: `agent-${index}`, node, owner: 'DaemonSet/agent' });
    if (held && index % held.oneIn === held.oneIn - 1) this.#hold(index, random() * held.longestMs);
  }

  #hold(index: number, forMs: number): void {
    const app = `held-${index}`;
    this.api.addPod({ name: app, node: nodeName(index), owner: `ReplicaSet/${app}`, labels: { app } });
    this.api.addBudget({ name: app, matchLabels: { app }, minAvailable: 1 });
    const { store, timers } = this.api.cluster;
    timers.after(forMs, () => store.remove(budgets, this.api.budget(app)));
  }
}

export function nodeName(index: number): string {
  return `node-${index}`;
}

function instance(index: number): string {
  return `i-${String(index).padStart(17, '0')}`;
}

function rebalance(index: number): object {
  return eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': instance(index) });
}
