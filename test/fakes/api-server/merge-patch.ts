import { isDeepStrictEqual } from 'node:util';
import { badRequest } from './errors.ts';

type Fields = Record<string, unknown>;

/**
 * The lists that a strategic merge patch merges, and by which field of their items; every other list,
 * a node's taints among them, is replaced as a whole.
 * https://github.com/kubernetes/api/blob/master/core/v1/types.go (patchStrategy, patchMergeKey)
 */
const mergedLists: ReadonlyMap<string, string | undefined> = new Map([
  ['metadata.finalizers', undefined],
  ['metadata.ownerReferences', 'uid'],
  ['spec.containers', 'name'],
  ['spec.initContainers', 'name'],
  ['spec.ephemeralContainers', 'name'],
  ['spec.imagePullSecrets', 'name'],
  ['spec.volumes', 'name'],
  ['spec.podCIDRs', undefined],
  ['spec.schedulingGates', 'name'],
  ['status.addresses', 'type'],
  ['status.conditions', 'type'],
  ['status.hostIPs', 'ip'],
  ['status.podIPs', 'ip'],
]);

/** RFC 7386. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged = isFields(document) ? { ...document } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = applyMergePatch(merged[field], value);
  }
  return merged;
}

/** Kubernetes' own kind of patch. */
export function applyStrategicMergePatch(document: unknown, patch: unknown): unknown {
  if (!isFields(patch) || !isFields(document)) throw badRequest('invalid JSON document');
  return mergeFields(document, patch, '');
}

function mergeFields(document: Fields, patch: Fields, path: string): Fields {
  if (patch['$patch'] === 'replace') return without(patch, '$patch');
  if (patch['$patch'] === 'delete') return {};
  const merged = { ...document };
  for (const [field, value] of Object.entries(patch)) {
    const [directive, target] = field.split('/');
    if (directive === '$deleteFromPrimitiveList' && target !== undefined) {
      const gone = value as unknown[];
      merged[target] = ((merged[target] ?? []) as unknown[]).filter((item) => !gone.includes(item));
    } else if (!field.startsWith('$')) {
      const place = path === '' ? field : `${path}.${field}`;
      if (value === null) delete merged[field];
      else merged[field] = mergeValue(merged[field], value, place);
    }
  }
  return merged;
}

function mergeValue(before: unknown, value: unknown, path: string): unknown {
  if (Array.isArray(value) && mergedLists.has(path)) {
    return mergeList(Array.isArray(before) ? before : [], value, path);
  }
  if (isFields(value)) return mergeFields(isFields(before) ? before : {}, value, path);
  // Directives mean nothing here, and are no fields of the object either.
  return Array.isArray(value)
    ? value.map((item) => (isFields(item) ? without(item, '$patch') : item))
    : value;
}

function mergeList(before: readonly unknown[], patch: readonly unknown[], path: string): unknown[] {
  const key = mergedLists.get(path);
  if (key === undefined) return [...before, ...patch.filter((item) => !before.includes(item))];
  const items = patch as Fields[];
  if (items.some((item) => item['$patch'] === 'replace')) return items.filter((item) => !('$patch' in item));
  for (const item of items) {
    if (!(key in item))
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  }
  const indexOf = (item: Fields) =>
    before.findIndex((other) => isDeepStrictEqual((other as Fields)[key], item[key]));
  const touched = new Set(items.map(indexOf));
  const kept = [...before.keys()].filter((index) => !touched.has(index));
  const merged: unknown[] = [];
  for (const item of items.filter(({ $patch }) => $patch !== 'delete')) {
    const index = indexOf(item);
    // The patch's order and the list's order both hold; what is new goes before what the patch doesn't name.
    while (kept[0] !== undefined && kept[0] < index) merged.push(before[kept.shift() ?? 0]);
    merged.push(mergeFields((before[index] ?? {}) as Fields, item, `${path}[]`));
  }
  return [...merged, ...kept.map((index) => before[index])];
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
