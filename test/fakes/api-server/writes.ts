import { withDefaults } from './defaults.ts';
import { removeIfDone } from './deletion.ts';
import { badRequest, modifiedMeanwhile, unsupportedMediaType } from './errors.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch, applyStrategicMergePatch } from './merge-patch.ts';
import { type ApiObject, type ObjectMeta, without } from './objects.ts';
import type { ResourceRequest } from './request-info.ts';
import type { ResourceType } from './resources.ts';
import type { Store } from './store.ts';
import { fault, invalid, validate } from './validation.ts';

type Patch = (document: unknown, patch: unknown) => unknown;

const patches: ReadonlyMap<string, Patch> = new Map([
  ['application/json-patch+json', applyJsonPatch],
  ['application/merge-patch+json', applyMergePatch],
  ['application/strategic-merge-patch+json', applyStrategicMergePatch],
]);

export function createObject(store: Store, { type, namespace }: ResourceRequest, body: unknown): ApiObject {
  const { metadata = {}, ...object } = body as { metadata?: Partial<ObjectMeta> & { generateName?: string } };
  const { name = '', generateName } = metadata;
  if (name === '' && generateName === undefined) {
    const message = 'Required value: name or generateName is required';
    throw invalid(type, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
  }
  const created = withDefaults(type, {
    ...object,
    metadata: {
      ...(metadata as ObjectMeta),
      ...(namespace !== undefined && { namespace }),
      name: name === '' ? `${generateName}${store.version}` : name,
    },
  });
  validate(type, created);
  return store.create(type, created);
}

export function patchObject(
  store: Store,
  request: ResourceRequest,
  contentType: string,
  body: unknown,
): ApiObject {
  const patch = patches.get(contentType.split(';')[0]?.trim() ?? '');
  if (patch === undefined) throw unsupportedMediaType();
  const current = store.get(request.type, request.name ?? '', request.namespace);
  return write(store, request, current, patch(current, body) as ApiObject);
}

export function replaceObject(store: Store, request: ResourceRequest, body: unknown): ApiObject {
  const current = store.get(request.type, request.name ?? '', request.namespace);
  const { metadata } = body as ApiObject;
  return write(store, request, current, {
    ...(body as ApiObject),
    metadata: { ...current.metadata, ...metadata },
  });
}

function write(store: Store, request: ResourceRequest, current: ApiObject, wanted: ApiObject): ApiObject {
  const { type, subresource } = request;
  checkIdentity(type, current, wanted);
  const next =
    subresource === 'status' ? keeping('spec', current, wanted) : keeping('status', current, wanted);
  const bumped = next.spec !== undefined && JSON.stringify(next.spec) !== JSON.stringify(current.spec);
  // Kubernetes never takes these from a writer.
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } =
    current.metadata;
  const metadata: ObjectMeta = {
    ...tidyMeta(next.metadata),
    uid,
    creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    ...(generation !== undefined && { generation: bumped ? generation + 1 : generation }),
  };
  const object = tidySpec({ ...next, metadata });
  validate(type, object);
  return removeIfDone(store, type, store.update(type, object));
}

function checkIdentity(
  type: ResourceType,
  { metadata: current }: ApiObject,
  { metadata: wanted }: ApiObject,
): void {
  if (wanted.name !== current.name) {
    throw badRequest(
      `the name of the object (${wanted.name}) does not match the name on the URL (${current.name})`,
    );
  }
  const { uid, resourceVersion } = wanted as Partial<ObjectMeta>;
  if (uid !== undefined && uid !== current.uid) {
    throw invalid(type, current.name, [fault('metadata.uid', uid, 'field is immutable')]);
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== current.resourceVersion
  ) {
    throw modifiedMeanwhile(type, current.name);
  }
}

/** The wanted object with a part that this request can't change. */
function keeping(part: 'spec' | 'status', current: ApiObject, wanted: ApiObject): ApiObject {
  return { ...without(wanted, part), ...(current[part] && { [part]: current[part] }) };
}

/** The server's JSON leaves out what is empty. */
function tidyMeta(metadata: ObjectMeta): ObjectMeta {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([, value]) => typeof value !== 'object' || Object.keys(value).length > 0,
    ),
  ) as unknown as ObjectMeta;
}

function tidySpec(object: ApiObject): ApiObject {
  if (object.spec === undefined) return object;
  const empty = (field: string, value: unknown) =>
    (field === 'taints' && Array.isArray(value) && value.length === 0) ||
    (field === 'unschedulable' && value === false);
  const entries = Object.entries(object.spec).filter(([field, value]) => !empty(field, value));
  return { ...object, spec: Object.fromEntries(entries) };
}
