import type { Manifest } from './helm.ts';

/** A part of a pod's path, and how it is written here. */
const shortForms: readonly (readonly [string, string])[] = [
  ['.spec.template.spec.containers.aws-node-termination-handler.', 'container.'],
  ['.spec.template.spec.', 'pod.'],
  ['.spec.template.metadata.', 'pod.metadata.'],
];

/** What differs, as `Kind field.of.field`; `Kind +` and `Kind -` for whole objects that came or went. */
export function changedFields(before: readonly Manifest[], after: readonly Manifest[]): string[] {
  const old = objects(before);
  const now = objects(after);
  const changes = new Set<string>();
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(key);
    const is = now.get(key);
    const [kind = ''] = key.split(' ');
    if (was && is) for (const field of differences(was, is)) changes.add(`${kind} ${short(field)}`);
    else changes.add(`${kind} ${is ? '+' : '-'}`);
  }
  return [...changes].sort();
}

/** By kind, and by name where one is not alone. */
function objects(manifests: readonly Manifest[]): Map<string, ReadonlyMap<string, string>> {
  const keyOf = ({ kind, metadata, spec }: Manifest): string => {
    const isAlone = manifests.filter((other) => other.kind === kind).length === 1;
    return `${kind} ${isAlone ? '' : (metadata.name.split('-').at(-1) ?? '')}${spec === undefined ? '' : ' '}`;
  };
  return new Map(manifests.map((manifest) => [keyOf(manifest), new Map(leaves(manifest, ''))]));
}

function differences(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] {
  return [...new Set([...was.keys(), ...is.keys()])].filter((field) => was.get(field) !== is.get(field));
}

/** Items of a list go by their names, where they have one, since their order says nothing. */
function* leaves(value: unknown, path: string): Generator<[string, string]> {
  const isContainer = path.endsWith('.containers.aws-node-termination-handler');
  const isItem = /[.](env|ports|volumes|volumeMounts|subjects|rules|variables|validations)[.]/.test(path);
  if (typeof value !== 'object' || value === null || (isItem && !isContainer)) {
    yield [path, JSON.stringify(value)];
    return;
  }
  const items = Array.isArray(value)
    ? value.map((item: unknown, index): [string, unknown] => [nameOf(item) ?? String(index), item])
    : Object.entries(value);
  for (const [key, inner] of items) yield* leaves(inner, `${path}.${key}`);
}

/** Rules of a ClusterRole go by what they are about. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  if ('name' in item && typeof item.name === 'string') return item.name;
  return 'resources' in item && 'verbs' in item
    ? `${String(item.resources)}: ${String(item.verbs)}`
    : undefined;
}

/** As much of the path as tells what it is. */
function short(path: string): string {
  const [long, brief] = shortForms.find(([long]) => path.startsWith(long)) ?? ['.', ''];
  const [first = '', second, ...rest] = path.slice(long.length).split('.');
  const isNamed = /^(env|ports|volumes|volumeMounts|subjects|rules)$/.test(first);
  if (isNamed) return `${brief}${first}.${[second, ...rest].join('.')}`;
  return `${brief}${brief === '' && second !== undefined ? `${first}.${second}` : first}`;
}
