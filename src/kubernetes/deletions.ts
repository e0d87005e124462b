import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { noAnswer, podPath, toAnswer } from './ask-answer.ts';
import type { AskAnswer, PodRef, Urgency } from './cluster.ts';
import { TimeLimit } from '../time-limit.ts';

/**
 * Somebody else's last call may wait for its place. Longer than the 10 s that an admission webhook is given by default.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts
 */
const deletionLimitMs = 12_000;

/** What a Job counts matters less than that the pod is asked in time. */
const conditionLimitMs = 3_000;

/** A right that was missing may have been granted meanwhile. */
const refusalHoldsMs = 600_000;

/**
 * Deletes pods, past their budgets. An eviction sets the condition `DisruptionTarget`, which a Job's failure policy
 * may leave out of its count; a deletion does not, so it is set first.
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
 */
export class Deletions {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  /** Conditions that were forbidden, one after the other. */
  #refusals = 0;
  #refusedAt = 0;
  #hasTold = false;

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
    onTurn?: () => void,
  ): Promise<AskAnswer> {
    const limit = new TimeLimit(this.#clock, signal);
    try {
      if (this.#mayPatchStatus) await this.#trySetCondition(pod, urgency, signal);
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
        signal: limit.signal,
        onTurn: () => {
          limit.restart(deletionLimitMs);
          onTurn?.();
        },
      });
      return toAnswer(pod, answer);
    } catch (error) {
      signal.throwIfAborted();
      return noAnswer(error);
    } finally {
      limit.end();
    }
  }

  /** An API server that has just started says no to everybody until it has read its rules: once proves nothing. */
  get #mayPatchStatus(): boolean {
    return this.#refusals < 2 || this.#clock.now() - this.#refusedAt > refusalHoldsMs;
  }

  /** Whatever becomes of it, the pod is deleted. @throws the signal's reason */
  async #trySetCondition(pod: PodRef, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const limit = new TimeLimit(this.#clock, signal);
    limit.restart(conditionLimitMs);
    try {
      const status = await this.#setCondition(pod, urgency, limit.signal);
      if (status === 403) this.#noteRefusal();
      else this.#refusals = 0;
    } catch {
      signal.throwIfAborted();
    } finally {
      limit.end();
    }
  }

  /** @returns the status of the answer */
  async #setCondition(pod: PodRef, urgency: Urgency, signal: AbortSignal): Promise<number> {
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
    return status;
  }

  #noteRefusal(): void {
    this.#refusals += 1;
    this.#refusedAt = this.#clock.now();
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#logger.warn(
      'Not allowed to patch pods/status, deleting pods without the condition DisruptionTarget: Jobs count them as failed; add the verb "patch" on "pods/status" to the ClusterRole',
    );
  }
}
