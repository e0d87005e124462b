import type { ApiAnswer, ApiClient } from './api-client.ts';
import type { EvictionAnswer, PodRef, Urgency } from './cluster.ts';
import { hasCause, statusOf, textOf } from './status.ts';

type EvictionVersion = 'policy/v1' | 'policy/v1beta1';

/**
 * Asks pods to leave through the Eviction API, so that disruption budgets are respected.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export class Evictions {
  readonly #client: ApiClient;
  /** Kubernetes 1.22 and later know policy/v1, which is assumed until a server says otherwise. */
  #version: EvictionVersion = 'policy/v1';
  #discovered = false;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @throws the signal's reason; every other trouble is an answer */
  async evict(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<EvictionAnswer> {
    try {
      const answer = await this.#post(pod, gracePeriodSeconds, urgency, signal);
      const older = answer.status === 400 && (await this.#learnVersion(urgency, signal));
      return toAnswer(pod, older ? await this.#post(pod, gracePeriodSeconds, urgency, signal) : answer);
    } catch (error) {
      signal.throwIfAborted();
      return {
        answer: 'refused',
        cause: 'unavailable',
        text: error instanceof Error ? error.message : String(error),
      };
    }
  }

  #post(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    return this.#client.request({
      verb: 'create',
      resource: 'pods/eviction',
      path: `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/eviction`,
      body: {
        apiVersion: this.#version,
        kind: 'Eviction',
        metadata: { name: pod.name, namespace: pod.namespace },
        deleteOptions: {
          preconditions: { uid: pod.uid },
          ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        },
      },
      urgency,
      signal,
    });
  }

  /** Whether the server turned out to know only the older version; asks it once. */
  async #learnVersion(urgency: Urgency, signal: AbortSignal): Promise<boolean> {
    if (this.#discovered) return false;
    const group = await this.#client.expect({
      verb: 'get',
      resource: 'apigroups',
      path: '/apis/policy',
      urgency,
      signal,
    });
    this.#discovered = true;
    const { versions = [] } = group as { versions?: readonly { groupVersion: string }[] };
    if (versions.length === 0 || versions.some((it) => it.groupVersion === 'policy/v1')) return false;
    this.#version = 'policy/v1beta1';
    return true;
  }
}

function toAnswer(pod: PodRef, answer: ApiAnswer): EvictionAnswer {
  if (answer.status >= 200 && answer.status < 300) return { answer: 'asked' };
  // Another 404 is a server, or a proxy, that does not know the path.
  if (answer.status === 404 && statusOf(answer.body).details?.name === pod.name) return { answer: 'gone' };
  return { answer: 'refused', cause: causeOf(answer), text: textOf(answer) };
}

function causeOf(answer: ApiAnswer): (EvictionAnswer & { answer: 'refused' })['cause'] {
  const { status, body } = answer;
  // The cause first: a budget that its controller has not seen yet sends Retry-After as well.
  if (hasCause(body, 'DisruptionBudget')) return 'budget';
  if (status === 429) return 'overloaded';
  if (status === 409) return 'conflict';
  if (hasCause(body, 'NamespaceTerminating')) return 'namespace-terminating';
  return status >= 500 ? 'unavailable' : 'denied';
}
