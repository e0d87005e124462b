import type { ApiClient } from './api-client.ts';
import type { ApiAnswer } from './api-request.ts';
import { isNotFound, noAnswer, podPath, toAnswer } from './ask-answer.ts';
import type { AskAnswer, PodRef, Urgency } from './cluster.ts';

type EvictionVersion = 'policy/v1' | 'policy/v1beta1';

interface Ask {
  readonly pod: PodRef;
  readonly gracePeriodSeconds: number | undefined;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
  readonly onTurn: (() => void) | undefined;
}

/**
 * Asks pods to leave through the Eviction API, so that disruption budgets are respected.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export class Evictions {
  readonly #client: ApiClient;
  /** Kubernetes 1.22 and later know policy/v1, which is assumed until a server says otherwise. */
  #version: EvictionVersion = 'policy/v1';
  #discovery: Promise<void> | undefined;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @throws the signal's reason; every other trouble is an answer */
  async evict(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
    onTurn?: () => void,
  ): Promise<AskAnswer> {
    const request = { pod, gracePeriodSeconds, urgency, signal, onTurn };
    try {
      const version = this.#version;
      let answer = await this.#post(version, request);
      if (answer.status === 400 && (await this.#wasWrong(version, request))) {
        answer = await this.#post(this.#version, request);
      }
      if (answer.status === 409 && !(await this.#isThere(request))) return { answer: 'gone' };
      return toAnswer(pod, answer);
    } catch (error) {
      signal.throwIfAborted();
      return noAnswer(error);
    }
  }

  #post(
    version: EvictionVersion,
    { pod, gracePeriodSeconds, urgency, signal, onTurn }: Ask,
  ): Promise<ApiAnswer> {
    return this.#client.request({
      verb: 'create',
      resource: 'pods/eviction',
      path: `${podPath(pod)}/eviction`,
      body: {
        apiVersion: version,
        kind: 'Eviction',
        metadata: { name: pod.name, namespace: pod.namespace },
        deleteOptions: {
          preconditions: { uid: pod.uid },
          ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        },
      },
      urgency,
      signal,
      onTurn,
    });
  }

  /**
   * Whether a 409 is no more than writes that crossed. A wrong UID is only found out after the budget has been
   * spent on the pod that has the name now, so it is not tried a second time on chance.
   */
  async #isThere({ pod, urgency, signal }: Ask): Promise<boolean> {
    const answer = await this.#client.request({
      verb: 'get',
      resource: 'pods',
      path: podPath(pod),
      urgency,
      signal,
    });
    if (answer.status === 404) return !isNotFound(answer, pod);
    const { metadata } = answer.body as { metadata?: { uid?: string } };
    return answer.status !== 200 || metadata?.uid === undefined || metadata.uid === pod.uid;
  }

  /** Whether the version used is not the one that the server knows; the server is asked once, for all. */
  async #wasWrong(used: EvictionVersion, ask: Ask): Promise<boolean> {
    const discovery = (this.#discovery ??= this.#discover(ask));
    try {
      await discovery;
    } catch {
      // What the server said to the eviction tells more than this. A later refusal asks again.
      if (this.#discovery === discovery) this.#discovery = undefined;
    }
    return this.#version !== used;
  }

  async #discover({ urgency, signal }: Ask): Promise<void> {
    const group = await this.#client.expect({
      verb: 'get',
      resource: 'apigroups',
      path: '/apis/policy',
      urgency,
      signal,
    });
    const { versions = [] } = group as { versions?: readonly { groupVersion: string }[] };
    const known = new Set(versions.map(({ groupVersion }) => groupVersion));
    if (!known.has('policy/v1') && known.has('policy/v1beta1')) this.#version = 'policy/v1beta1';
  }
}
