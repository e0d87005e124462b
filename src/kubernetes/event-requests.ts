import type { Clock } from '../clock.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiAnswer } from './api-request.ts';
import type { ApiError } from './cluster.ts';
import { EventNodes, type Annotate, type NodeFacts } from './event-nodes.ts';
import { eventObject, eventPatch, eventsPath } from './event-object.ts';
import type { EventSeries } from './event-series.ts';
import { errorOf, hasCause } from './status.ts';

export interface EventRequestsOptions {
  /** NTH's `node-name`: who tells. */
  readonly host: string;
  /** What is annotated to the events of nodes. */
  readonly annotate: Annotate;
}

/** Creates event objects, and counts them up. */
export class EventRequests {
  readonly #options: EventRequestsOptions;
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #nodes: EventNodes;
  #named = 0;

  constructor(options: EventRequestsOptions, modules: { readonly clock: Clock; readonly client: ApiClient }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#nodes = new EventNodes(options, modules);
  }

  /** Brings the API server up to date about a series. @throws ApiError, or the signal's reason */
  async put(series: EventSeries, signal: AbortSignal): Promise<void> {
    // The API server forgets events after an hour.
    if (series.objectName !== undefined && (await this.#countUp(series, series.objectName, signal))) return;
    const facts = await this.#facts(series, signal);
    const name = this.#newName();
    const answer = await this.#client.request({
      verb: 'create',
      resource: 'events',
      path: eventsPath(series.about),
      body: eventObject(series, { ...facts, host: this.#options.host, suffix: name }),
      urgency: 'background',
      signal,
    });
    if (!isSuccess(answer)) throw refusal('create', answer);
    series.objectName = (answer.body as { metadata?: { name?: string } }).metadata?.name;
  }

  /** @returns false where it is there no more */
  async #countUp(series: EventSeries, name: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#client.request({
      verb: 'patch',
      resource: 'events',
      path: `${eventsPath(series.about)}/${encodeURIComponent(name)}`,
      contentType: 'application/strategic-merge-patch+json',
      body: eventPatch(series),
      urgency: 'background',
      signal,
    });
    if (answer.status === 404) return false;
    if (!isSuccess(answer)) throw refusal('patch', answer);
    return true;
  }

  async #facts({ about, annotations = {} }: EventSeries, signal: AbortSignal): Promise<NodeFacts> {
    if (about.kind !== 'Node') return { uid: about.uid, annotations };
    const facts = await this.#nodes.facts(about.name, signal);
    return { uid: about.uid ?? facts.uid, annotations: { ...facts.annotations, ...annotations } };
  }

  /** As client-go's: nanoseconds since the epoch. One for each event, also within a millisecond. */
  #newName(): string {
    this.#named = (this.#named + 1) % 1_000_000;
    return (BigInt(Math.trunc(this.#clock.now())) * 1_000_000n + BigInt(this.#named)).toString(16);
  }
}

function isSuccess({ status }: ApiAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A namespace that is being deleted takes no events; that is no missing right. */
function refusal(verb: 'create' | 'patch', answer: ApiAnswer): ApiError {
  const isEnding = hasCause(answer.body, 'NamespaceTerminating');
  return errorOf(`${verb} events`, isEnding ? { ...answer, status: 404 } : answer);
}
