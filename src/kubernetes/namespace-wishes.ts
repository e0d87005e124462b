import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import type { PodChange, PodView, PodWishes, Urgency } from './cluster.ts';
import { TimeLimit } from '../time-limit.ts';
import { readWishes } from './pod-wishes.ts';
import { isForbidden, isNotFound } from './status.ts';

/** Namespaces' annotations change rarely; what was read is used for this long. */
const reuseMs = 60_000;

/** What was known, or nothing, is used for so long after a read that failed. */
const reuseAfterFailureMs = 10_000;

/**
 * A namespace of which nothing is known is asked for again meanwhile: as long as an overloaded server may want to be left
 * alone, for evictions wait for that as well.
 */
const patienceMs = 10_000;

/** From when its turn has come. */
const answerLimitMs = 5_000;
const pauseMs = 200;

const nothing = readWishes({});

const missingRight =
  'Not allowed to read the annotations of namespaces, going on without: add the verb "get" on "namespaces" to the ClusterRole';

export interface NamespaceWishesModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
}

interface Known {
  readonly wishes: PodWishes;
  readonly readAt: number;
  readonly reuseMs: number;
}

/**
 * What namespaces ask for their pods, where `read-namespace-annotations` is on: one GET for each namespace in a
 * minute. A pod's own annotations win.
 */
export class NamespaceWishes {
  readonly #modules: NamespaceWishesModules;
  readonly #known = new Map<string, Known>();
  #hasToldOfRight = false;

  constructor(modules: NamespaceWishesModules) {
    this.#modules = modules;
  }

  /**
   * The pods with what their namespaces ask for. What can't be read asks for what it asked for before, or for nothing.
   * @throws the signal's reason
   */
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
   * Tells of changes in their order, with what the pods' namespaces ask for, which may have to be read before. That a
   * pod is gone is told at once: it never comes back, and nobody should wait for it.
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
      if (change.type === 'gone') {
        if (!signal.aborted) take(change);
        return;
      }
      // Nothing but the signal breaks it off.
      last = last.then(() => tell(change)).catch(() => {});
    };
  }

  async #read(namespace: string, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const { clock } = this.#modules;
    const startedAt = clock.now();
    const known = this.#known.get(namespace);
    if (known && startedAt - known.readAt < known.reuseMs) return;
    const limit = new TimeLimit(clock, signal);
    limit.restart(patienceMs);
    try {
      for (;;) {
        try {
          const wishes = readWishes(await this.#annotationsOf(namespace, urgency, limit));
          this.#known.set(namespace, { wishes, readAt: startedAt, reuseMs });
          return;
        } catch (error) {
          signal.throwIfAborted();
          const isTimeUp = limit.signal.aborted || clock.now() - startedAt >= patienceMs;
          if (known || isFinal(error) || isTimeUp) {
            this.#failed(namespace, known, error);
            return;
          }
        }
        limit.restart(patienceMs);
        await clock.sleep(pauseMs, signal);
      }
    } finally {
      limit.end();
    }
  }

  #failed(namespace: string, known: Known | undefined, error: unknown): void {
    // Another drain has read it meanwhile.
    if (this.#known.get(namespace) !== known) return;
    this.#tellOf(namespace, error);
    const wishes = isNotFound(error) ? nothing : (known?.wishes ?? nothing);
    this.#known.set(namespace, { wishes, readAt: this.#modules.clock.now(), reuseMs: reuseAfterFailureMs });
  }

  async #annotationsOf(
    namespace: string,
    urgency: Urgency,
    limit: TimeLimit,
  ): Promise<Record<string, string>> {
    const { metadata } = (await this.#modules.client.expect({
      verb: 'get',
      resource: 'namespaces',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}`,
      urgency,
      signal: limit.signal,
      onTurn: () => limit.restart(answerLimitMs),
    })) as { metadata?: { annotations?: Record<string, string> } };
    return metadata?.annotations ?? {};
  }

  #tellOf(namespace: string, error: unknown): void {
    const { logger } = this.#modules;
    if (isNotFound(error)) return;
    if (!isForbidden(error)) {
      logger.warn('Cannot read the annotations of a namespace, going by what was known of it', {
        namespace,
        error,
      });
    } else if (!this.#hasToldOfRight) {
      this.#hasToldOfRight = true;
      logger.warn(missingRight, { namespace, error });
    }
  }
}

/** Another try would be answered the same. */
function isFinal(error: unknown): boolean {
  return isNotFound(error) || isForbidden(error);
}

function merge(own: PodWishes, inherited: PodWishes): PodWishes {
  return {
    drain: own.drain ?? inherited.drain,
    gracePeriodSeconds: own.gracePeriodSeconds ?? inherited.gracePeriodSeconds,
    doNotDisrupt: own.doNotDisrupt || inherited.doNotDisrupt,
    unreadable: [...own.unreadable, ...inherited.unreadable],
  };
}
