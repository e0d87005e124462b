import type { FakeHook } from '../../fakes/auto-scaling.ts';
import { budgets } from '../../fakes/api-server/resources.ts';
import { FakeApiServer } from '../../fakes/api-server.ts';
import { FakeAws } from '../../fakes/aws.ts';
import { FakeClock } from '../../fakes/clock.ts';
import type { FakeQueueOptions } from '../../fakes/sqs/queue.ts';
import { managedTag, setReady } from '../../daemon/queue-scene.ts';
import {
  eventBridge,
  healthEvent,
  launchAction,
  spotWarning,
  stateChange,
  terminateAction,
} from '../../sources/sqs/messages.ts';
import { DaemonReplicas, type DaemonReplicasOptions } from './daemon-replicas.ts';
import { FleetLedger } from './fleet-ledger.ts';

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

  /** Maintenance of a node of its own that can't be drained, and is called off before it could be. */
  callOff(index: number): void {
    const { random } = this.#options;
    const [name, instanceId] = [nodeName(index), instance(index)];
    const [delayMs, offMs] = [random() * 30_000, 150_000 + random() * 200_000];
    this.#addMachine(name, instanceId);
    this.#hold(name, Infinity);
    const event = { eventArn: `arn:aws:health:eu-central-1::event/EC2/${name}`, statusCode: 'open' };
    const closed = healthEvent([instanceId], { ...event, statusCode: 'closed' });
    const offAt = this.clock.now() + offMs;
    this.ledger.expectUnmarked(
      this.aws.sqs.queue.send(healthEvent([instanceId], event), { delayMs }),
      name,
      offAt,
    );
    this.ledger.expectUnmarked(this.aws.sqs.queue.send(closed, { delayMs: offMs }), name, offAt);
  }

  /** A machine that its group launches, and whose node is ready some time later. */
  launch(index: number): void {
    const { random } = this.#options;
    const [name, instanceId] = [nodeName(index), instance(index)];
    const [delayMs, readyMs] = [random() * 30_000, random() * 200_000];
    this.#addMachine(name, instanceId, false);
    const hook = { group: 'nodes', name: 'ready', token: `token-${name}`, instanceId };
    const waiting = this.aws.autoScaling.wait(hook, { timeoutMs: 7_200_000 });
    const id = this.aws.sqs.queue.send(launchAction(hook.instanceId, hook.token), { delayMs });
    this.ledger.expectReady(id, this.clock.now() + readyMs, waiting);
    this.api.cluster.timers.after(readyMs, () => setReady(this.api, name));
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
    const at = Math.floor(this.clock.now() + delayMs);
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
    this.#addMachine(node, instance(index));
    const shutdownMs = (): number => Math.floor(random() * longestShutdownMs);
    for (const owner of ['ReplicaSet', 'StatefulSet']) {
      const name = `${owner.toLowerCase()}-${index}`;
      this.api.addPod({ name, node, owner: `${owner}/${name}`, shutdownMs: shutdownMs() });
    }
    this.api.addPod({ name: `agent-${index}`, node, owner: 'DaemonSet/agent' });
    if (held && index % held.oneIn === held.oneIn - 1) this.#hold(node, random() * held.longestMs);
  }

  #addMachine(name: string, instanceId: string, ready = true): void {
    this.api.addNode({ name, ready, providerId: `aws:///eu-central-1a/${instanceId}` });
    this.aws.ec2.put({ instanceId, privateDnsName: name, tags: { [managedTag]: '' } });
  }

  /** A budget does not let one of its pods go for so long. */
  #hold(node: string, forMs: number): void {
    const app = `held-${node}`;
    this.api.addPod({ name: app, node, owner: `ReplicaSet/${app}`, labels: { app } });
    this.api.addBudget({ name: app, matchLabels: { app }, minAvailable: 1 });
    const { store, timers } = this.api.cluster;
    if (forMs < Infinity) timers.after(forMs, () => store.remove(budgets, this.api.budget(app)));
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
