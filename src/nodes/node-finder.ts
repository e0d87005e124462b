import { AwsError } from '../aws/error.ts';
import type { Ec2Instance } from '../aws/instance.ts';
import type { Instances } from '../aws/instances.ts';
import type { Clock } from '../clock.ts';
import type { NodeLocation } from '../interruption/interruption.ts';
import { instanceIdOf, type IndexedNode } from '../kubernetes/indexed-node.ts';
import type { NodeIndex } from '../kubernetes/node-index.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { Found, NothingToDo, Unknown } from './found.ts';
import { mayJoin } from './may-join.ts';
import { MissedInstances, type MissedInstance } from './missed-instances.ts';
import type { TaggedInstances } from './tagged-instances.ts';

export interface NodeFinderOptions {
  /** NTH's `managed-tag`; undefined: every instance is managed (`check-tag-before-draining` is off). */
  readonly managedTag: string | undefined;
  /** NTH's `use-provider-id`: a node is found by its provider id alone. */
  readonly useProviderId: boolean;
  /** NTH's `delete-sqs-msg-if-node-not-found`. */
  readonly settlesNotFound: boolean;
}

export interface NodeFinderModules {
  readonly clock: Clock;
  readonly index: Pick<
    NodeIndex,
    'byName' | 'byInstanceId' | 'byPrivateDnsName' | 'refresh' | 'nodes' | 'isListed'
  >;
  readonly instances: Pick<Instances, 'describe'>;
  readonly tagged: Pick<TaggedInstances, 'nodeOf' | 'learn'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'nodeLookups' | 'instancesNotInCluster'>;
}

/** EC2 may not show an instance yet that it has just launched: it is asked once more after this. */
const consistencyMs = 3_000;

/** For a node that is not expected to be new, a list from this long ago is as good as another. */
const recentMs = 60_000;

/** With the one that is asked about they are a call. */
const mostAlong = 199;

/**
 * Finds the node that an interruption is about. What the index and the tags that were read ahead know is answered
 * without a call; only the rest is asked of EC2.
 */
export class NodeFinder {
  readonly #options: NodeFinderOptions;
  readonly #modules: NodeFinderModules;
  readonly #missed: MissedInstances;
  #isDenialTold = false;

  constructor(options: NodeFinderOptions, modules: NodeFinderModules) {
    this.#options = options;
    this.#modules = modules;
    this.#missed = new MissedInstances(modules);
  }

  /** @throws the signal's reason */
  async find(location: NodeLocation, signal: AbortSignal): Promise<Found> {
    const known = this.findKnown(location);
    const found: Found = known ? { found: 'node', node: known } : await this.#look(location, signal);
    if (found.found !== 'not-in-cluster') this.#missed.found(keyOf(location));
    this.#modules.metrics.nodeLookups.inc({ found: 'why' in found ? found.why : found.found });
    return found;
  }

  /** The node where it is known, and known to be managed. Makes no call. */
  findKnown(location: NodeLocation): IndexedNode | undefined {
    const { index, tagged } = this.#modules;
    if (location.nodeName !== undefined) return index.byName(location.nodeName);
    const instanceId = instanceOf(location);
    if (instanceId === undefined) return undefined;
    const isChecked = this.#options.managedTag !== undefined;
    const taggedNode = tagged.nodeOf(instanceId);
    if (isChecked && taggedNode === undefined) return undefined;
    return this.#byInstanceId(instanceId) ?? this.#byNameOf(taggedNode, instanceId);
  }

  async #look(location: NodeLocation, signal: AbortSignal): Promise<Found> {
    // Nothing can be concluded from an index in which nothing is yet.
    if (!this.#modules.index.isListed) return unknown('cluster');
    const { nodeName } = location;
    const instanceId = instanceOf(location);
    if (nodeName !== undefined) return this.#again(nodeName, {}, () => this.findKnown(location), signal);
    if (instanceId === undefined) return unknown('no-location');
    return (await this.#missAgain(instanceId, signal)) ?? this.#askEc2(instanceId, signal);
  }

  /** What was missed a short while ago is looked for in the index, which costs nothing. Nothing is settled by that. */
  async #missAgain(instanceId: string, signal: AbortSignal): Promise<Found | undefined> {
    const instance = this.#missed.answerOf(instanceId);
    const found = instance && (await this.#findNode(instance, signal));
    return found?.found === 'not-in-cluster' && found.isSettled ? undefined : found;
  }

  async #askEc2(instanceId: string, signal: AbortSignal): Promise<Found> {
    const askedAt = this.#modules.clock.now();
    void this.#askAlong(signal);
    try {
      const instance = await this.#describe(instanceId, signal);
      this.#isDenialTold = false;
      if (!instance) return nothingToDo('instance-gone');
      const found = await this.#resolve(instance, signal);
      if (found.found === 'not-in-cluster') this.#missed.learn(instance, askedAt);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AwsError)) throw error;
      return this.#withoutEc2(instanceId, error, signal);
    }
  }

  /**
   * Hundreds of another cluster's instances may come again and again, each at its own time: those that are due soon are
   * asked about in the same call.
   */
  async #askAlong(signal: AbortSignal): Promise<void> {
    const { clock, instances } = this.#modules;
    const askedAt = clock.now();
    const asking = this.#missed.takeDue(mostAlong).map(async (id) => {
      const instance = await instances.describe(id, signal);
      // What its message would be settled by is asked once more, for it.
      if (instance?.privateDnsName !== undefined && this.#isManaged(instance)) {
        this.#missed.learn(instance, askedAt);
      } else this.#missed.unlearn(id);
    });
    // Where EC2 can't be asked, whoever asks for its own sake tells.
    await Promise.allSettled(asking);
  }

  async #describe(instanceId: string, signal: AbortSignal): Promise<Ec2Instance | undefined> {
    const { clock, instances } = this.#modules;
    const instance = await instances.describe(instanceId, signal);
    if (instance) return instance;
    await clock.sleep(consistencyMs, signal);
    return instances.describe(instanceId, signal);
  }

  async #resolve(instance: Ec2Instance, signal: AbortSignal): Promise<Found> {
    const { state, privateDnsName } = instance;
    const mayRun = state === 'running' || state === 'pending';
    if (!this.#nodeOf(instance) && privateDnsName === undefined && !mayRun) return nothingToDo('not-running');
    if (!this.#isManaged(instance)) return nothingToDo('not-managed');
    const found = await this.#findNode(instance, signal);
    // It may be a node by a name that EC2 does not show yet.
    return found.found === 'not-in-cluster' && privateDnsName === undefined ? unknown('no-dns-name') : found;
  }

  #isManaged({ tags }: Ec2Instance): boolean {
    const { managedTag } = this.#options;
    return managedTag === undefined || tags.has(managedTag);
  }

  /** The node of an instance that is managed. */
  async #findNode(instance: MissedInstance, signal: AbortSignal): Promise<Found> {
    const { instanceId } = instance;
    const node = this.#nodeOf(instance);
    const found: Found = node
      ? { found: 'node', node }
      : await this.#again(instanceId, instance, () => this.#nodeOf(instance), signal);
    if (this.#options.managedTag !== undefined && found.found === 'node') {
      this.#modules.tagged.learn(instanceId, found.node);
    }
    return found;
  }

  /** EC2 can't be asked: what the index knows is all there is. */
  async #withoutEc2(instanceId: string, error: AwsError, signal: AbortSignal): Promise<Found> {
    const { index, logger } = this.#modules;
    if (error.kind !== 'access-denied') return unknown('aws', error);
    if (!this.#isDenialTold) {
      logger.warn(
        'Not allowed to look up instances, nodes are found by their provider ids alone: allow ec2:DescribeInstances',
        { error },
      );
    }
    this.#isDenialTold = true;
    const isComplete = index.nodes().every((node) => node.providerId !== undefined);
    if (this.#options.managedTag !== undefined || !isComplete) return unknown('aws', error);
    return this.#again(instanceId, {}, () => this.#byInstanceId(instanceId), signal);
  }

  /** Looks once more, in an index that is up to date. */
  async #again(
    key: string,
    instance: Partial<Ec2Instance>,
    look: () => IndexedNode | undefined,
    signal: AbortSignal,
  ): Promise<Found> {
    const { clock, index } = this.#modules;
    const isNew = mayJoin(instance, this.#missed.miss(key), clock.now());
    const isCurrent = await index.refresh(signal, isNew ? 0 : recentMs);
    const node = look();
    if (node) return { found: 'node', node };
    if (!isCurrent) return unknown('cluster');
    return { found: 'not-in-cluster', isSettled: this.#options.settlesNotFound && !isNew, mayJoin: isNew };
  }

  #nodeOf({ instanceId, privateDnsName }: MissedInstance): IndexedNode | undefined {
    const byId = this.#byInstanceId(instanceId);
    if (byId || this.#options.useProviderId || privateDnsName === undefined) return byId;
    return own(this.#modules.index.byPrivateDnsName(privateDnsName), instanceId);
  }

  #byInstanceId(instanceId: string): IndexedNode | undefined {
    const node = this.#modules.index.byInstanceId(instanceId);
    return !this.#options.useProviderId || isUsual(node?.providerId) ? node : undefined;
  }

  #byNameOf(name: string | undefined, instanceId: string): IndexedNode | undefined {
    if (name === undefined || this.#options.useProviderId) return undefined;
    return own(this.#modules.index.byName(name), instanceId);
  }
}

function instanceOf({ instanceId, providerId }: NodeLocation): string | undefined {
  return instanceId ?? instanceIdOf(providerId);
}

function keyOf(location: NodeLocation): string {
  return location.nodeName ?? instanceOf(location) ?? '';
}

/** As NTH writes it: `aws:///<zone>/<instance id>`. */
function isUsual(providerId: string | undefined): boolean {
  return /^aws:\/\/\/[^/]+\/[^/]+$/.test(providerId ?? '');
}

/** A name or address is given to another machine in time: a node that names another one is not meant. */
function own(node: IndexedNode | undefined, instanceId: string): IndexedNode | undefined {
  return node?.providerId === undefined || node.instanceId === instanceId ? node : undefined;
}

function nothingToDo(why: NothingToDo): Found {
  return { found: 'nothing-to-do', why };
}

function unknown(why: Unknown, error?: AwsError): Found {
  return { found: 'unknown', why, ...(error && { error }) };
}
