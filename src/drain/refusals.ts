import type { AskAnswer, RefusalCause } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { nameOf, type Asked, type LeavingPod } from './leaving-pod.ts';

type Refusal = Extract<AskAnswer, { readonly answer: 'refused' }>;

/** What is refused so may be granted a moment later. */
export const mayPass: ReadonlySet<RefusalCause> = new Set(['overloaded', 'conflict', 'unavailable']);

/** Refusals of last calls after which a pod goes before others no more; one that is not of a moment counts as two. */
const mostLastCalls = 2;

/** Different troubles of a server that are told in one drain. */
const mostTold = 10;

const none: readonly never[] = Object.freeze([]);

export interface RefusalsModules {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
}

/** What the API server has refused in one drain: told, counted, and remembered where it says how to go on. */
export class Refusals {
  readonly #modules: RefusalsModules;
  #told: readonly string[] = none;
  /** Pods whose deletion was refused, until they have been evicted in vain once more. */
  #undeletable: readonly LeavingPod[] = none;
  /** Of these, those that may not be deleted. */
  #denied: readonly LeavingPod[] = none;
  #hasToldUndeletable = false;

  constructor(modules: RefusalsModules) {
    this.#modules = modules;
  }

  /** Its deletion was refused: it is evicted next. */
  isUndeletable(pod: LeavingPod): boolean {
    return this.#undeletable.includes(pod);
  }

  /** It may not be deleted. */
  isDenied(pod: LeavingPod): boolean {
    return this.#denied.includes(pod);
  }

  /** Takes in what the answer to a request was. */
  note(pod: LeavingPod, by: Asked['by'], { cause, text, status }: Refusal): void {
    const { metrics, logger } = this.#modules;
    metrics.evictionsRefused.inc({ cause });
    // The first of each cause tells what goes on; the report names every pod that it concerned.
    // What is wrong with a server may change, a certificate after a lost connection; what a budget says does not.
    const trouble = cause === 'unavailable' && this.#told.length < mostTold ? text : cause;
    const level = this.#told.includes(trouble) ? 'debug' : 'info';
    if (level === 'info') this.#told = [...this.#told, trouble];
    if (pod.refusal?.cause !== cause || level === 'info') {
      logger[level]('Eviction refused, trying again', { pod: nameOf(pod), cause, text });
    }
    // One answer of a moment to a deletion is worth another try at once.
    const isBlip = by === 'deletion' && isOfAMoment({ cause, status }) && lastCalls(pod, by) === 1;
    if (!isBlip) this.#noteDenial(pod, by, cause, text);
    pod.refusal = { cause, text, status, times: (pod.refusal?.times ?? 0) + 1 };
  }

  /**
   * A missing right denies every pod, a webhook or policy only some, and one that is down or a server that has just
   * started only for now. An eviction is not looked at by those of deletions: so a pod whose deletion is refused is
   * evicted and deleted by turns.
   */
  #noteDenial(pod: LeavingPod, by: Asked['by'], cause: RefusalCause, text: string): void {
    if (by === 'eviction') {
      this.#undeletable = without(this.#undeletable, pod);
      this.#denied = without(this.#denied, pod);
    }
    if (by === 'eviction' || cause === 'overloaded') return;
    this.#undeletable = [...this.#undeletable, pod];
    if (cause === 'denied') this.#denied = [...this.#denied, pod];
    if (this.#hasToldUndeletable || cause !== 'denied') return;
    this.#hasToldUndeletable = true;
    this.#modules.logger.warn(
      'Not allowed to delete pods, evicting on: unless a webhook or policy denied it, add the verb "delete" on "pods" to the ClusterRole so that no pod is cut off by the machine\'s end',
      { pod: nameOf(pod), text },
    );
  }
}

/** Whether its requests go before all others once its latest instant has come. */
export function mayCallLast(pod: LeavingPod, by: Asked['by']): boolean {
  return lastCalls(pod, by) < mostLastCalls;
}

/** A last call has been refused. */
export function noteLastCall(
  pod: LeavingPod,
  by: Asked['by'],
  refusal: Pick<Refusal, 'cause' | 'status'>,
): void {
  pod.refusedLastCalls = [...pod.refusedLastCalls, ...(isOfAMoment(refusal) ? [by] : [by, by])];
}

function lastCalls({ refusedLastCalls }: LeavingPod, by: Asked['by']): number {
  return refusedLastCalls.filter((it) => it === by).length;
}

/** What a server in trouble has said may not hold a moment later; to hang is no answer. */
function isOfAMoment({ cause, status }: Pick<Refusal, 'cause' | 'status'>): boolean {
  return status !== undefined && mayPass.has(cause);
}

function without(pods: readonly LeavingPod[], pod: LeavingPod): readonly LeavingPod[] {
  return pods.length === 0 ? pods : pods.filter((other) => other !== pod);
}
