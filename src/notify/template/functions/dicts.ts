import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { dict, GoMap, list, strings, type Value } from '../values.ts';
import { stringOf, typeName } from '../value-text.ts';
import { copied, isEmpty } from './defaults.ts';

/**
 * sprig's functions of dicts. Go walks its maps in an order that is another one each time; here keys come in the
 * order in which they were set.
 */
export const dictFunctions: Readonly<Record<string, TemplateFunction>> = {
  dict: fn(['...any'], pairs),
  get: fn(['map', 'string'], (map, key) => (map.entries.has(key) ? map.entries.get(key) : '')),
  set: fn(['map', 'string', 'any'], (map, key, value) => {
    if (map.isNil) throw new GoError('assignment to entry in nil map');
    map.entries.set(key, value ?? null);
    return map;
  }),
  unset: fn(['map', 'string'], (map, key) => {
    map.entries.delete(key);
    return map;
  }),
  hasKey: fn(['map', 'string'], (map, key) => map.entries.has(key)),
  pluck: fn(['string', '...map'], (key, maps) =>
    list(maps.filter((map) => map.entries.has(key)).map((map) => map.entries.get(key))),
  ),
  keys: fn(['...map'], (maps) => strings(maps.flatMap((map) => [...map.entries.keys()]))),
  values: fn(['map'], (map) => list([...map.entries.values()])),
  pick: fn(['map', '...string'], (map, keys) =>
    dict(keys.filter((key) => map.entries.has(key)).map((key) => [key, map.entries.get(key)])),
  ),
  omit: fn(['map', '...string'], (map, keys) =>
    dict([...map.entries].filter(([key]) => !keys.includes(key))),
  ),
  merge: fn(['map', '...map'], (map, others) => merged(map, others, false)),
  mustMerge: fn(['map', '...map'], (map, others) => merged(map, others, false)),
  mergeOverwrite: fn(['map', '...map'], (map, others) => merged(map, others, true)),
  mustMergeOverwrite: fn(['map', '...map'], (map, others) => merged(map, others, true)),
  dig: fn(['...any'], dig),
};

function pairs(items: readonly Value[]): GoMap {
  const entries: [string, Value][] = [];
  for (let at = 0; at < items.length; at += 2) {
    entries.push([stringOf(items[at]), at + 1 < items.length ? items[at + 1] : '']);
  }
  return dict(entries);
}

/** Into the first, which is changed; what is empty gives way. */
function merged(into: GoMap, others: readonly GoMap[], overwrites: boolean): GoMap {
  for (const other of others) {
    for (const [key, value] of other.entries) {
      const known = into.entries.get(key);
      if (known instanceof GoMap && value instanceof GoMap) merged(known, [value], overwrites);
      else if (!into.entries.has(key) || isEmpty(known) || (overwrites && !isEmpty(value)))
        into.entries.set(key, copied(value) ?? null);
    }
  }
  return into;
}

function dig(items: readonly Value[]): Value {
  if (items.length < 3) throw new GoError('dig needs at least three arguments');
  const fallback = items.at(-2);
  let found = items.at(-1);
  for (const key of items.slice(0, -2)) {
    if (!(found instanceof GoMap)) throw new GoError(`dig: ${typeName(found)} is no map[string]interface {}`);
    if (typeof key !== 'string') throw new GoError(`dig: ${typeName(key)} is no string`);
    if (!found.entries.has(key)) return fallback;
    found = found.entries.get(key);
  }
  return found;
}
