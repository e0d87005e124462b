import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { anyType, sliceOf } from '../types.ts';
import { deepEqual, GoList, list, typeOf, type Value } from '../values.ts';
import { toInteger } from './casts.ts';
import { isEmpty } from './defaults.ts';
import { ensureItems } from './limits.ts';

const functions: Readonly<Record<string, TemplateFunction>> = {
  list: fn(['...any'], (items) => list(items)),
  tuple: fn(['...any'], (items) => list(items)),
  append: fn(['any', 'any'], (value, item) => list([...itemsOf(value, 'push on'), item])),
  push: fn(['any', 'any'], (value, item) => list([...itemsOf(value, 'push on'), item])),
  prepend: fn(['any', 'any'], (value, item) => list([item, ...itemsOf(value, 'prepend on')])),
  first: fn(['any'], (value) => itemsOf(value, 'find first on')[0]),
  last: fn(['any'], (value) => itemsOf(value, 'find last on').at(-1)),
  rest: fn(['any'], (value) => {
    const items = itemsOf(value, 'find rest on');
    return list(items.slice(1), items.length === 0);
  }),
  initial: fn(['any'], (value) => {
    const items = itemsOf(value, 'find initial on');
    return list(items.slice(0, -1), items.length === 0);
  }),
  reverse: fn(['any'], (value) => list(itemsOf(value, 'find reverse on').toReversed())),
  uniq: fn(['any'], (value) => list(unique(itemsOf(value, 'find uniq on')))),
  without: fn(['any', '...any'], (value, unwanted) =>
    list(itemsOf(value, 'find without on').filter((item) => !unwanted.some((it) => deepEqual(it, item)))),
  ),
  has: fn(['any', 'any'], (item, value) =>
    value === undefined || value === null
      ? false
      : itemsOf(value, 'find has on').some((it) => deepEqual(item, it)),
  ),
  compact: fn(['any'], (value) => list(itemsOf(value, 'compact on').filter((item) => !isEmpty(item)))),
  slice: fn(['any', '...any'], (value, bounds) => {
    const items = itemsOf(value, 'slice');
    if (items.length === 0 || !(value instanceof GoList)) return undefined;
    const [from = 0, to = items.length] = bounds.map((bound) => Number(toInteger(bound)));
    if (from < 0 || to > items.length || from > to)
      throw new GoError(`reflect.Value.Slice: slice index out of bounds`);
    return new GoList(value.type, items.slice(from, to));
  }),
  chunk: fn(['int', 'any'], (size, value) => {
    const items = itemsOf(value, 'chunk');
    const count = Math.floor((items.length - 1) / size) + 1;
    if (count !== 0 && size < 1) throw new GoError('runtime error: makeslice: len out of range');
    const chunks = Array.from({ length: count }, (_, at) => list(items.slice(at * size, (at + 1) * size)));
    return new GoList(sliceOf(sliceOf(anyType)), chunks);
  }),
};

/** sprig's functions of lists, each also as `mustX`, which in a template is the same: either way an error ends it. */
export const listFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...functions,
  ...Object.fromEntries(
    Object.entries(functions)
      .filter(([name]) => name !== 'list' && name !== 'tuple')
      .map(([name, function_]) => [`must${name[0]?.toUpperCase()}${name.slice(1)}`, function_]),
  ),
  concat: fn(['...any'], (values) => {
    const items = values.flatMap((value) => itemsOf(value, 'concat'));
    ensureItems(items.length);
    return list(items, items.length === 0);
  }),
};

function itemsOf(value: Value, what: string): readonly Value[] {
  if (value instanceof GoList) return value.items;
  throw new GoError(`Cannot ${what} type ${typeOf(value)?.kind ?? 'nil'}`);
}

function unique(items: readonly Value[]): readonly Value[] {
  const kept: Value[] = [];
  for (const item of items) if (!kept.some((it) => deepEqual(it, item))) kept.push(item);
  return kept;
}
