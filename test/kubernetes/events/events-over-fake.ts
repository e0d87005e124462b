import type { KubernetesEvent } from '../../../src/kubernetes/cluster.ts';
import type { Annotate } from '../../../src/kubernetes/event-nodes.ts';
import { KubernetesEvents } from '../../../src/kubernetes/events.ts';
import { events as eventsType } from '../../fakes/api-server/resources.ts';
import { clientOverFake } from '../client-over-fake.ts';

export const nodeName = 'node-a';

/** An event object as the API server has it. */
export interface EventObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Record<string, string>;
  };
  readonly involvedObject: Record<string, string>;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string; readonly host: string };
}

/** Events that are put to the fake API server, in which there is one node. */
export async function eventsOverFake(
  given: { readonly annotate?: Annotate; readonly withoutNode?: boolean } = {},
) {
  const over = await clientOverFake();
  const { api, clock } = over;
  if (given.withoutNode !== true) api.addNode({ name: nodeName });
  const annotate: Annotate = given.annotate ?? (() => Promise.resolve({ region: 'eu-central-1' }));
  const events = new KubernetesEvents({ host: 'the-host', annotate }, over);
  const ended = events.run();
  return {
    ...over,
    events,
    /** Emits an event about the node. */
    emit: (event: Partial<KubernetesEvent> = {}) =>
      events.emit({
        about: { kind: 'Node', name: nodeName },
        isWarning: false,
        reason: 'Cordon',
        message: 'Node successfully cordoned',
        at: clock.now(),
        ...event,
      }),
    shown: () => api.cluster.store.list(eventsType) as unknown as EventObject[],
    /** What was asked of the API server: `patch events 200`. */
    calls: () => api.requests.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`),
    ended,
    async [Symbol.asyncDispose]() {
      events.end(3_000);
      await clock.advanceWhile(ended);
      await over[Symbol.asyncDispose]();
    },
  };
}
