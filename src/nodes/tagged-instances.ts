import { AwsError } from '../aws/error.ts';
import type { Ec2Instance } from '../aws/instance.ts';
import type { Instances } from '../aws/instances.ts';
import type { Clock } from '../clock.ts';
import type { IndexedNode } from '../kubernetes/indexed-node.ts';
import type { NodeIndex } from '../kubernetes/node-index.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { unlessAborted } from '../unless-aborted.ts';

export interface TaggedInstancesOptions {
  /** NTH's `managed-tag`: the key; the value is not looked at. */
  readonly tag: string;
}

export interface TaggedInstancesModules {
  readonly clock: Clock;
  readonly instances: Pick<Instances, 'taggedWith' | 'idsTaggedWith'>;
  readonly index: Pick<NodeIndex, 'byInstanceId' | 'byPrivateDnsName' | 'listed' | 'nodes'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'taggedInstances' | 'taggedNodes'>;
  /** From 0 up to, but not including, 1. @default Math.random */
  readonly random?: () => number;
}

type TaggedInstance = Pick<Ec2Instance, 'instanceId' | 'privateDnsName'>;

/** NTH counts tagged instances this often; the same answer tells which nodes are managed. */
const periodMs = 30_000;

/** Where an account has so many that reading them takes long, they are read more rarely: for half of the time. */
const restPerWork = 1;

const longestBackOffMs = 600_000;
const backOffAfterDenialMs = 600_000;

/** A share of each pause by which it is shorter or longer, so that replicas don't ask in step. */
const jitterShare = 0.1;

/**
 * Which nodes' instances carry the tag, read ahead of the messages that ask for it, so that no call stands between a
 * message and its node's mark. Only what is tagged is known here: that an instance is not tagged is never concluded
 * from an older answer, because its messages are deleted.
 */
export class TaggedInstances {
  readonly #options: TaggedInstancesOptions;
  readonly #modules: TaggedInstancesModules;
  /** Instance ids of nodes, to the names of those nodes. */
  #nodes = new Map<string, string>();
  #isTold = false;

  constructor(options: TaggedInstancesOptions, modules: TaggedInstancesModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The name of the node whose instance is known to carry the tag. */
  nodeOf(instanceId: string): string | undefined {
    return this.#nodes.get(instanceId);
  }

  /** EC2 has just said that this node's instance carries the tag. */
  learn(instanceId: string, node: IndexedNode): void {
    this.#nodes.set(node.instanceId ?? instanceId, node.name);
  }

  /** Reads again and again until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, index, random = Math.random } = this.#modules;
    try {
      await unlessAborted(index.listed, signal);
      for (let failures = 0; ;) {
        const startedAt = clock.now();
        const error = await this.#read(signal);
        failures = error === undefined ? 0 : failures + 1;
        const pauseMs =
          error === undefined ? this.#pauseMs(clock.now() - startedAt) : backOffMs(error, failures);
        await clock.sleep(pauseMs * (1 + jitterShare * (2 * random() - 1)), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #pauseMs(tookMs: number): number {
    return Math.max(periodMs - tookMs, restPerWork * tookMs, 0);
  }

  /** @returns the error where there was one: then what was known holds on */
  async #read(signal: AbortSignal): Promise<unknown> {
    const { logger, metrics } = this.#modules;
    const nodes = new Map<string, string>();
    let count = 0;
    try {
      for await (const page of this.#pages(signal)) {
        count += page.length;
        for (const instance of page) {
          const node = this.#nodeOf(instance);
          if (node) nodes.set(node.instanceId ?? instance.instanceId, node.name);
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#isTold) logger.warn('Cannot read which instances are tagged, trying again', { error });
      this.#isTold = true;
      return error;
    }
    this.#nodes = nodes;
    this.#isTold = false;
    metrics.taggedInstances.set(count);
    metrics.taggedNodes.set(nodes.size);
    return undefined;
  }

  /** Names are wanted only where some node can't be found by its instance's id. */
  async *#pages(signal: AbortSignal): AsyncGenerator<readonly TaggedInstance[], void, undefined> {
    const { index, instances } = this.#modules;
    const { tag } = this.#options;
    if (index.nodes().some((node) => node.providerId === undefined)) yield* instances.taggedWith(tag, signal);
    else {
      for await (const ids of instances.idsTaggedWith(tag, signal)) {
        yield ids.map((instanceId) => ({ instanceId, privateDnsName: undefined }));
      }
    }
  }

  #nodeOf({ instanceId, privateDnsName }: TaggedInstance): IndexedNode | undefined {
    const { index } = this.#modules;
    const node = index.byInstanceId(instanceId);
    if (node || privateDnsName === undefined) return node;
    const named = index.byPrivateDnsName(privateDnsName);
    return named?.providerId === undefined ? named : undefined;
  }
}

function backOffMs(error: unknown, failures: number): number {
  if (error instanceof AwsError && error.kind === 'access-denied') return backOffAfterDenialMs;
  return Math.min(periodMs * 2 ** (failures - 1), longestBackOffMs);
}
