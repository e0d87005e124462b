import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { noAnswer, podPath, toAnswer } from './ask-answer.ts';
import type { AskAnswer, PodRef, Urgency } from './cluster.ts';

/**
 * Deletes pods, past their budgets. An eviction sets the condition `DisruptionTarget`, which a Job's failure policy
 * may leave out of its count; a deletion does not, so it is set first.
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
 */
export class Deletions {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  #mayPatchStatus = true;

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#logger = modules.logger;
  }

  /** @throws the signal's reason; every other trouble is an answer */
  async delete(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<AskAnswer> {
    try {
      if (this.#mayPatchStatus) await this.#setCondition(pod, urgency, signal);
      const answer = await this.#client.request({
        verb: 'delete',
        resource: 'pods',
        path: podPath(pod),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: pod.uid },
          ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        },
        urgency,
        signal,
      });
      return toAnswer(pod, answer);
    } catch (error) {
      signal.throwIfAborted();
      return noAnswer(error);
    }
  }

  async #setCondition(pod: PodRef, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const { status } = await this.#client.request({
      verb: 'patch',
      resource: 'pods/status',
      path: `${podPath(pod)}/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: {
        metadata: { uid: pod.uid },
        status: {
          conditions: [
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: 'TerminationByNodeTerminationHandler',
              message: 'The machine of the node is about to end',
              lastTransitionTime: new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
            },
          ],
        },
      },
      urgency,
      signal,
    });
    if (status !== 403) return;
    this.#mayPatchStatus = false;
    this.#logger.warn(
      'Not allowed to patch pods/status, deleting pods without the condition DisruptionTarget: Jobs count them as failed; add the verb "patch" on "pods/status" to the ClusterRole',
    );
  }
}
