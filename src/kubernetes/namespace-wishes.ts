import type { Clock } from '../clock.ts';
import type { ApiClient } from './api-client.ts';
import type { PodChange, PodView, PodWishes, Urgency } from './cluster.ts';
import { readWishes } from './pod-wishes.ts';

/** Namespaces' annotations change rarely; what was read is used for this long. */
const reuseMs = 60_000;

/**
 * What namespaces ask for their pods, where `read-namespace-annotations` is on: one GET for each namespace in a
 * minute. A pod's own annotations win.
 */
export class NamespaceWishes {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #known = new Map<string, { readonly wishes: PodWishes; readonly readAt: number }>();

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
  }

  /** The pods with what their namespaces ask for. What can't be read asks for nothing. @throws the signal's reason */
  async apply(pods: readonly PodView[], urgency: Urgency, signal: AbortSignal): Promise<PodView[]> {
    const namespaces = new Set(pods.map((pod) => pod.namespace));
    await Promise.all([...namespaces].map((namespace) => this.#read(namespace, urgency, signal)));
    signal.throwIfAborted();
    return pods.map((pod) => {
      const inherited = this.#known.get(pod.namespace)?.wishes;
      return inherited ? { ...pod, wishes: merge(pod.wishes, inherited) } : pod;
    });
  }

  /**
   * Tells of changes in their order, with what the pods' namespaces ask for, which may have to be read before.
   * @param signal nothing is told any more once it is aborted
   */
  inOrder(
    take: (change: PodChange) => void,
    urgency: Urgency,
    signal: AbortSignal,
  ): (change: PodChange) => void {
    const tell = async (change: PodChange): Promise<void> => {
      signal.throwIfAborted();
      if (change.type !== 'present') take(change);
      else for (const pod of await this.apply([change.pod], urgency, signal)) take({ type: 'present', pod });
    };
    let last = Promise.resolve();
    return (change) => {
      // Nothing but the signal breaks it off.
      last = last.then(() => tell(change)).catch(() => {});
    };
  }

  async #read(namespace: string, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const known = this.#known.get(namespace);
    if (known && now - known.readAt < reuseMs) return;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
    try {
      const object = (await this.#client.expect({
        verb: 'get',
        resource: 'namespaces',
        path,
        urgency,
        signal,
      })) as { metadata?: { annotations?: Record<string, string> } };
      this.#known.set(namespace, { wishes: readWishes(object.metadata?.annotations ?? {}), readAt: now });
    } catch {
      signal.throwIfAborted();
      this.#known.set(namespace, { wishes: readWishes({}), readAt: now });
    }
  }
}

function merge(own: PodWishes, inherited: PodWishes): PodWishes {
  return {
    drain: own.drain ?? inherited.drain,
    gracePeriodSeconds: own.gracePeriodSeconds ?? inherited.gracePeriodSeconds,
    doNotDisrupt: own.doNotDisrupt || inherited.doNotDisrupt,
    unreadable: [...own.unreadable, ...inherited.unreadable],
  };
}
