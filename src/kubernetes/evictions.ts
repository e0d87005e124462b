import type { ApiAnswer, ApiClient } from './api-client.ts';
import type { AskAnswer, PodRef, Urgency } from './cluster.ts';
import { noAnswer, toAnswer } from './ask-answer.ts';

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
  ): Promise<AskAnswer> {
    try {
      const answer = await this.#post(pod, gracePeriodSeconds, urgency, signal);
      const older = answer.status === 400 && (await this.#learnVersion(urgency, signal));
      return toAnswer(pod, older ? await this.#post(pod, gracePeriodSeconds, urgency, signal) : answer);
    } catch (error) {
      signal.throwIfAborted();
      return noAnswer(error);
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
