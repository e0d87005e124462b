import type { ApiAnswer } from './api-request.ts';
import type { AskAnswer, PodRef, RefusalCause } from './cluster.ts';
import { hasCause, isPushback, statusOf, textOf } from './status.ts';

/** What an answer to an eviction or deletion means for the pod. */
export function toAnswer(pod: PodRef, answer: ApiAnswer): AskAnswer {
  if (answer.status >= 200 && answer.status < 300) return { answer: 'asked' };
  if (isNotFound(answer, pod)) return { answer: 'gone' };
  return { answer: 'refused', cause: causeOf(answer), text: textOf(answer), status: answer.status };
}

function causeOf(answer: ApiAnswer): RefusalCause {
  const { status, body } = answer;
  if (hasCause(body, 'DisruptionBudget')) return 'budget';
  if (isPushback(answer)) return 'overloaded';
  if (status === 409) return 'conflict';
  if (hasCause(body, 'NamespaceTerminating')) return 'namespace-terminating';
  return status >= 500 ? 'unavailable' : 'denied';
}

/** Where no answer came. */
export function noAnswer(error: unknown): AskAnswer {
  return {
    answer: 'refused',
    cause: 'unavailable',
    text: error instanceof Error ? error.message : String(error),
    status: undefined,
  };
}

/** Another 404 is a server, or a proxy, that does not know the path. */
export function isNotFound({ status, body }: ApiAnswer, pod: PodRef): boolean {
  return status === 404 && statusOf(body).details?.name === pod.name;
}

export function podPath({ namespace, name }: PodRef): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}
