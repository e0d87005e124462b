import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../src/clock.ts';
import { alreadyExists, notFound } from './errors.ts';
import { timestamp, type ApiObject, type ObjectMeta } from './objects.ts';
import { apiVersion, type ResourceType } from './resources.ts';

export interface Change {
  readonly version: number;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly type: ResourceType;
  readonly object: ApiObject;
  /** The object before the change. */
  readonly previous: ApiObject | undefined;
}

type NewObject = Omit<ApiObject, 'metadata'> & { metadata: Partial<ObjectMeta> & Pick<ObjectMeta, 'name'> };

/** etcd and the watch cache: objects are never changed in place, so an old list stays what it was. */
export class Store {
  readonly #clock: Clock;
  readonly #objects = new Map<ResourceType, Map<string, ApiObject>>();
  readonly #byUid = new Map<string, ApiObject>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #untold: Change[] = [];
  #telling = false;
  #history: Change[] = [];
  #version = 1000;
  #oldestVersion = 1000;
  #uids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The version of the newest change. */
  get version(): number {
    return this.#version;
  }

  /** Sorted as etcd's keys are: by namespace, then by name. */
  list<T extends ApiObject>(type: ResourceType<T>, namespace?: string): T[] {
    const entries = [...(this.#objects.get(type) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const found = entries.map(([, object]) => object as T);
    return namespace === undefined ? found : found.filter(({ metadata }) => metadata.namespace === namespace);
  }

  find<T extends ApiObject>(type: ResourceType<T>, name: string, namespace?: string): T | undefined {
    return this.#objects.get(type)?.get(key(namespace, name)) as T | undefined;
  }

  get<T extends ApiObject>(type: ResourceType<T>, name: string, namespace?: string): T {
    const found = this.find(type, name, namespace);
    if (found === undefined) throw notFound(type, name);
    return found;
  }

  findByUid<T extends ApiObject>(type: ResourceType<T>, uid: string): T | undefined {
    const object = this.#byUid.get(uid);
    return object === undefined
      ? undefined
      : this.find(type, object.metadata.name, object.metadata.namespace);
  }

  create<T extends ApiObject>(type: ResourceType<T>, object: NewObject): T {
    const { name, namespace } = object.metadata;
    if (this.find(type, name, namespace) !== undefined) throw alreadyExists(type, name);
    this.#uids += 1;
    const created = structuredClone({
      apiVersion: apiVersion(type, type.versions[0] ?? 'v1'),
      kind: type.kind,
      ...object,
      metadata: {
        ...object.metadata,
        uid: `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`,
        creationTimestamp: timestamp(this.#clock.now()),
      },
    });
    return this.#write('ADDED', type, created as T, undefined);
  }

  /** Writes the object in place of the one of its name; nothing happens when nothing differs. */
  update<T extends ApiObject>(type: ResourceType<T>, object: T): T {
    const previous = this.get(type, object.metadata.name, object.metadata.namespace);
    const { resourceVersion } = previous.metadata;
    const next = { ...object, metadata: { ...object.metadata, resourceVersion } };
    if (isDeepStrictEqual(next, previous)) return previous;
    return this.#write('MODIFIED', type, structuredClone(next), previous);
  }

  remove<T extends ApiObject>(type: ResourceType<T>, object: T): T {
    const previous = this.get(type, object.metadata.name, object.metadata.namespace);
    return this.#write('DELETED', type, structuredClone(previous), previous);
  }

  /** Changes after a version, or undefined when some of them are forgotten. */
  changesSince(version: number): Change[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  /** Forgets the past, as etcd's compaction does: watches from older versions get 410. */
  compact(): void {
    this.#history = [];
    this.#version += 1;
    this.#oldestVersion = this.#version;
  }

  /** @returns a function that ends the subscription. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #write<T extends ApiObject>(
    kind: Change['kind'],
    type: ResourceType,
    object: T,
    previous: T | undefined,
  ): T {
    this.#version += 1;
    object.metadata.resourceVersion = String(this.#version);
    const { namespace, name } = object.metadata;
    const objects = this.#objects.get(type) ?? new Map<string, ApiObject>();
    this.#objects.set(type, objects);
    if (kind === 'DELETED') {
      objects.delete(key(namespace, name));
      this.#byUid.delete(object.metadata.uid);
    } else {
      objects.set(key(namespace, name), object);
      this.#byUid.set(object.metadata.uid, object);
    }
    this.#untold.push({ version: this.#version, kind, type, object, previous });
    this.#tell();
    return object;
  }

  /** A listener may write: what it writes is told after what it was told itself. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let change = this.#untold.shift(); change !== undefined; change = this.#untold.shift()) {
        this.#history.push(change);
        for (const listener of this.#listeners) listener(change);
      }
    } finally {
      this.#telling = false;
    }
  }
}

function key(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
