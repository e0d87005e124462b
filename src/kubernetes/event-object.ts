import type { EventSubject } from './cluster.ts';
import type { EventSeries } from './event-series.ts';

const component = 'aws-node-termination-handler';

/** Objects without a namespace have their events in this one. */
const namespaceOfNodes = 'default';

const apiVersions: Readonly<Record<EventSubject['kind'], string>> = {
  Node: 'v1',
  Pod: 'v1',
  PodDisruptionBudget: 'policy/v1',
};

/** The API server takes names of up to 253 characters, and what follows the object's name needs some. */
const longestName = 230;

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const longestMessage = 1024;

/** Of the events about an object. */
export function eventsPath({ namespace = namespaceOfNodes }: EventSubject): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
}

/** The event as it is created; the suffix makes its name one of its own. */
export function eventObject(
  series: EventSeries,
  facts: {
    readonly host: string;
    readonly uid: string | undefined;
    readonly annotations: Readonly<Record<string, string>>;
    readonly suffix: string;
  },
): object {
  const { about, isWarning, reason, message, firstAt, lastAt, count } = series;
  const { kind, namespace, name } = about;
  const { host, uid, annotations, suffix } = facts;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${name.slice(0, longestName)}.${suffix}`,
      namespace: namespace ?? namespaceOfNodes,
      annotations,
    },
    involvedObject: {
      apiVersion: apiVersions[kind],
      kind,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
    },
    type: isWarning ? 'Warning' : 'Normal',
    reason,
    message: message.slice(0, longestMessage),
    source: { component, host },
    reportingComponent: component,
    reportingInstance: host,
    firstTimestamp: timeOf(firstAt),
    lastTimestamp: timeOf(lastAt),
    count,
  };
}

/** What is new about an event that happened again. */
export function eventPatch({ count, lastAt, message, isCombined }: EventSeries): object {
  return {
    count,
    lastTimestamp: timeOf(lastAt),
    ...(isCombined && { message: message.slice(0, longestMessage) }),
  };
}

/** Times of events are whole seconds. */
function timeOf(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
}
