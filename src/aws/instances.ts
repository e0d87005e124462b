import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { AwsClient } from './client.ts';
import type { Ec2Instance } from './instance.ts';
import { nextTokenOf, readInstanceIds, readInstances } from './read-instances.ts';

/** Messages come in bursts: whoever asks within this time is asked for together. */
const gatherMs = 50;

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html: "up to 200 values" for all filters. */
const idsPerCall = 200;

/** 2 MB of text. A thousand are allowed. */
const instancesPerPage = 500;

/** In a filter `*` and `?` are wildcards; no id has them. */
const instanceIdPattern = /^i-[0-9A-Za-z-]{1,100}$/;

interface Asked {
  readonly answer: PromiseWithResolvers<Ec2Instance | undefined>;
  /** Those who wait for it. */
  waiting: number;
}

/**
 * EC2's DescribeInstances, by filters only: asked for by id, it fails as a whole where one id is unknown. It has a
 * small rate that the account's other programs share, hence few and large calls.
 */
export class Instances {
  readonly #clock: Clock;
  readonly #client: Pick<AwsClient, 'queryText'>;
  #gathered = new Map<string, Asked>();

  constructor(modules: { readonly clock: Clock; readonly client: Pick<AwsClient, 'queryText'> }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
  }

  /** undefined: EC2 has no such instance, or the id is none. @throws AwsError; the signal's reason */
  async describe(instanceId: string, signal: AbortSignal): Promise<Ec2Instance | undefined> {
    signal.throwIfAborted();
    if (!instanceIdPattern.test(instanceId)) return undefined;
    if (this.#gathered.size === 0) void this.#askSoon();
    const asked = this.#gathered.get(instanceId) ?? { answer: Promise.withResolvers(), waiting: 0 };
    this.#gathered.set(instanceId, asked);
    asked.waiting += 1;
    try {
      return await unlessAborted(asked.answer.promise, signal);
    } finally {
      asked.waiting -= 1;
    }
  }

  /** Instances that carry a tag of this key, page by page. @throws AwsError; the signal's reason */
  taggedWith(key: string, signal: AbortSignal): AsyncGenerator<readonly Ec2Instance[], void, undefined> {
    return this.#pages('tag-key', [withoutWildcards(key)], readInstances, signal);
  }

  /** Only their ids, at a tenth of the cost. @throws AwsError; the signal's reason */
  idsTaggedWith(key: string, signal: AbortSignal): AsyncGenerator<readonly string[], void, undefined> {
    return this.#pages('tag-key', [withoutWildcards(key)], readInstanceIds, signal);
  }

  /** The ids of those that run in this capacity reservation. @throws AwsError; the signal's reason */
  async instancesOfReservation(reservationId: string, signal: AbortSignal): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const page of this.#pages('capacity-reservation-id', [reservationId], readInstances, signal)) {
      for (const { instanceId, state } of page) if (!hasEnded(state)) ids.push(instanceId);
    }
    return ids;
  }

  async #askSoon(): Promise<void> {
    await this.#clock.sleep(gatherMs);
    const gathered = [...this.#gathered].filter(([, { waiting }]) => waiting > 0);
    this.#gathered = new Map();
    for (let from = 0; from < gathered.length; from += idsPerCall) {
      void this.#ask(new Map(gathered.slice(from, from + idsPerCall)));
    }
  }

  async #ask(asked: ReadonlyMap<string, Asked>): Promise<void> {
    // For many, of whom none may end it for the others; it ends by its own limits of time.
    const { signal } = new AbortController();
    try {
      for await (const page of this.#pages('instance-id', [...asked.keys()], readInstances, signal)) {
        for (const instance of page) asked.get(instance.instanceId)?.answer.resolve(instance);
      }
      for (const { answer } of asked.values()) answer.resolve(undefined);
    } catch (error) {
      for (const { answer } of asked.values()) {
        // It may be that nobody waits any more.
        answer.promise.catch(() => {});
        answer.reject(error);
      }
    }
  }

  async *#pages<T>(
    filter: string,
    values: readonly string[],
    read: (answer: string) => Iterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly T[], void, undefined> {
    const parameters: Record<string, string> = {
      MaxResults: String(instancesPerPage),
      'Filter.1.Name': filter,
      ...Object.fromEntries(values.map((value, index) => [`Filter.1.Value.${index + 1}`, value])),
    };
    for (;;) {
      const call = { service: 'ec2', action: 'DescribeInstances', parameters, signal } as const;
      const answer = await this.#client.queryText(call);
      yield [...read(answer)];
      const next = nextTokenOf(answer);
      if (next === undefined) return;
      parameters['NextToken'] = next;
    }
  }
}

function withoutWildcards(key: string): string {
  return key.replaceAll(/[\\*?]/g, '\\$&');
}

function hasEnded(state: string): boolean {
  return state === 'shutting-down' || state === 'terminated';
}
