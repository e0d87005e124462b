import type { Clock } from '../../clock.ts';
import type { InstanceFacts } from '../../instance-facts.ts';
import type { Logger } from '../../logger.ts';
import type { MetadataReader } from './client.ts';
import { isObject, parseJson } from './signal.ts';
import { unlessAborted } from '../../unless-aborted.ts';

type Part = keyof InstanceFacts;

const documentPath = '/latest/dynamic/instance-identity/document';

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html */
const namesInDocument: Readonly<Partial<Record<Part, string>>> = {
  accountId: 'accountId',
  instanceId: 'instanceId',
  instanceType: 'instanceType',
  localIp: 'privateIp',
  availabilityZone: 'availabilityZone',
  region: 'region',
};

const paths: Readonly<Partial<Record<Part, string>>> = {
  instanceId: '/latest/meta-data/instance-id',
  instanceType: '/latest/meta-data/instance-type',
  localIp: '/latest/meta-data/local-ipv4',
  availabilityZone: '/latest/meta-data/placement/availability-zone',
  instanceLifeCycle: '/latest/meta-data/instance-life-cycle',
  localHostname: '/latest/meta-data/local-hostname',
  publicHostname: '/latest/meta-data/public-hostname',
  publicIp: '/latest/meta-data/public-ipv4',
};

/** Every instance has the others; these are rightly absent from some. */
const optional: ReadonlySet<Part> = new Set([
  'instanceLifeCycle',
  'localHostname',
  'localIp',
  'publicHostname',
  'publicIp',
]);

const allParts = [...new Set([...Object.keys(namesInDocument), ...Object.keys(paths)])] as Part[];

/** Ids, host names, addresses and zones all look like this; a proxy's page does not. */
const valueForm = /^[\w.:-]{1,255}$/;
/** After an attempt that left something unknown, this long passes before the next. */
const retryAfterMs = 30_000;

/**
 * Who this instance is, read from the metadata service when it is first asked for. What could not be
 * read is tried again at a later call; no call fails for it.
 */
export class ImdsIdentity {
  readonly #client: MetadataReader;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #parts = new Map<Part, string>();
  #readingDocument: Promise<void> | undefined;
  #readingAll: Promise<void> | undefined;
  #triedAt = -Infinity;

  constructor(modules: { readonly client: MetadataReader; readonly clock: Clock; readonly log: Logger }) {
    this.#client = modules.client;
    this.#clock = modules.clock;
    this.#log = modules.log;
  }

  /** What is known by now, without asking. */
  get known(): InstanceFacts {
    return Object.fromEntries(allParts.map((part) => [part, this.#parts.get(part) ?? ''])) as Record<
      Part,
      string
    >;
  }

  /**
   * All that can be known.
   * @throws only the signal's reason, as soon as `signal` is aborted.
   */
  async read(signal?: AbortSignal): Promise<InstanceFacts> {
    if (this.#parts.size < allParts.length && this.#isDue()) {
      this.#readingAll ??= this.#readAll();
      await unlessAborted(this.#readingAll, signal);
    }
    return this.known;
  }

  /**
   * The instance's id alone, in one request as a rule; empty if it can't be had now.
   * @throws only the signal's reason, as soon as `signal` is aborted.
   */
  async instanceId(signal?: AbortSignal): Promise<string> {
    if (!this.#parts.has('instanceId') && this.#isDue()) {
      this.#readingDocument ??= this.#readDocument();
      await unlessAborted(this.#readingDocument, signal);
    }
    return this.#parts.get('instanceId') ?? '';
  }

  #isDue(): boolean {
    return Math.abs(this.#clock.now() - this.#triedAt) >= retryAfterMs;
  }

  async #readAll(): Promise<void> {
    if (!this.#parts.has('instanceId')) await (this.#readingDocument ??= this.#readDocument());
    // Without the id the service isn't answering at all.
    if (this.#parts.has('instanceId')) {
      for (const part of allParts) if (!this.#parts.has(part)) await this.#readPart(part);
      this.#deriveRegion();
    }
    this.#readingAll = undefined;
    if (this.#parts.size < allParts.length) this.#triedAt = this.#clock.now();
    else this.#log.info('Startup Metadata Retrieved', { metadata: this.known });
  }

  async #readDocument(): Promise<void> {
    const document = parseJson((await this.#get(documentPath)) ?? '');
    if (isObject(document)) {
      for (const [part, name] of Object.entries(namesInDocument)) this.#keep(part as Part, document[name]);
    }
    if (!this.#parts.has('instanceId')) await this.#readPart('instanceId');
    this.#readingDocument = undefined;
    if (!this.#parts.has('instanceId')) this.#triedAt = this.#clock.now();
  }

  async #readPart(part: Part): Promise<void> {
    const path = paths[part];
    if (path === undefined) return;
    const value = await this.#get(path);
    if (value !== undefined) this.#keep(part, value.trim());
  }

  /** Undefined where it can't be had; empty where there is none. */
  async #get(path: string): Promise<string | undefined> {
    try {
      return (await this.#client.get(path, { tries: 1 })) ?? '';
    } catch (error) {
      this.#log.debug('Could not read who this instance is', { path, error });
      return undefined;
    }
  }

  #keep(part: Part, value: unknown): void {
    if (typeof value !== 'string') return;
    if (valueForm.test(value) || (value === '' && optional.has(part))) this.#parts.set(part, value);
  }

  /** `eu-central-1` of the zone `eu-central-1a`, and `us-west-2` of the local zone `us-west-2-lax-1a`. */
  #deriveRegion(): void {
    const [region] = /^[a-z]+(?:-[a-z]+)+-\d+/.exec(this.#parts.get('availabilityZone') ?? '') ?? [];
    if (region !== undefined && !this.#parts.has('region')) this.#parts.set('region', region);
  }
}
