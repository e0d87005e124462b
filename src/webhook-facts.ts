import type { Clock } from './clock.ts';
import type { ApiClient } from './kubernetes/api-client.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import { instanceOfNode, readNode } from './kubernetes/described-instance.ts';
import type { DescribedNode } from './kubernetes/event-nodes.ts';
import type { InstanceFacts } from './instance-facts.ts';
import type { Logger } from './logger.ts';
import type { NoticeFacts } from './notify/webhook-data.ts';
import type { WantedFacts } from './notify/webhook.ts';
import { TimeLimit } from './time-limit.ts';

export interface WebhookFactsModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly cluster: Pick<Cluster, 'podsOn'>;
  readonly logger: Logger;
  /** Who this instance is; used in IMDS mode. */
  readonly instance: (signal: AbortSignal) => Promise<InstanceFacts>;
}

/** A notice goes out with what is known by then. */
const limitMs = 5_000;

/** Behind every drain. */
const urgency = Number.MAX_SAFE_INTEGER;

/** Reads what a webhook's template asks for, and no more: without NodeLabels in it no Node is read in IMDS mode. */
export class WebhookFacts {
  readonly #isQueueMode: boolean;
  readonly #modules: WebhookFactsModules;

  constructor(options: { readonly mode: 'imds' | 'queue' }, modules: WebhookFactsModules) {
    this.#isQueueMode = options.mode === 'queue';
    this.#modules = modules;
  }

  /** What can't be read in time is empty. @throws the signal's reason */
  async read(node: string, wanted: WantedFacts, signal: AbortSignal): Promise<NoticeFacts> {
    const { clock, cluster } = this.#modules;
    const limit = new TimeLimit(clock, signal);
    limit.restart(limitMs);
    try {
      const [instance, described, podNames] = await Promise.all([
        this.#isQueueMode ? undefined : this.#orNothing(() => this.#modules.instance(limit.signal)),
        this.#isQueueMode || wanted.nodeLabels ? this.#readNode(node, limit.signal) : undefined,
        wanted.podNames ? this.#orNothing(() => cluster.podsOn(node, urgency, limit.signal)) : undefined,
      ]);
      signal.throwIfAborted();
      const facts = instance ?? instanceOfNode(described ?? {});
      const providerId = described?.spec?.providerID ?? '';
      return {
        metadata: { ...facts, providerId, isManaged: this.#isQueueMode },
        nodeLabels: described?.metadata?.labels ?? {},
        podNames: podNames?.pods.map((pod) => pod.name) ?? [],
      };
    } finally {
      limit.end();
    }
  }

  #readNode(node: string, signal: AbortSignal): Promise<DescribedNode | undefined> {
    return this.#orNothing(() => readNode(this.#modules.client, node, signal));
  }

  async #orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#modules.logger.debug('Cannot read what the webhook is to tell of the node', { error });
      return undefined;
    }
  }
}
