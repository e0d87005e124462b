import { isDeepStrictEqual } from 'node:util';
import { badRequest, unprocessable } from './errors.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Container = Record<string, unknown> | unknown[];

const rejected = 'the server rejected our request due to an error in our request';

/** RFC 6902. @throws 422 where an operation can't be done, a failed `test` among them. */
export function applyJsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations))
    throw badRequest('error decoding patch: json: cannot unmarshal into Go value');
  const root = { document: structuredClone(document) };
  for (const operation of operations as Operation[]) apply(root, operation);
  return root.document;
}

function apply(root: Record<string, unknown>, { op, path, from, value }: Operation): void {
  switch (op) {
    case 'add':
      return add(root, path, value);
    case 'replace':
      remove(root, path);
      return add(root, path, value);
    case 'remove':
      return void remove(root, path);
    case 'test':
      if (!isDeepStrictEqual(read(root, path), value)) throw unprocessable(rejected);
      return;
    case 'move':
      return add(root, path, remove(root, from ?? ''));
    case 'copy':
      return add(root, path, structuredClone(read(root, from ?? '')));
    default:
      throw unprocessable(rejected);
  }
}

/** The container that holds the last part of the path, and that part. */
function locate(root: Record<string, unknown>, path: string): [Container, string] {
  const parts = ['document', ...path.split('/').slice(1).map(unescape)];
  const last = parts.pop() ?? '';
  let container: unknown = root;
  for (const part of parts) container = (container as Record<string, unknown>)[part];
  if (typeof container !== 'object' || container === null) throw unprocessable(rejected);
  return [container as Container, last];
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function read(root: Record<string, unknown>, path: string): unknown {
  const [container, part] = locate(root, path);
  return (container as Record<string, unknown>)[part];
}

function add(root: Record<string, unknown>, path: string, value: unknown): void {
  const [container, part] = locate(root, path);
  if (!Array.isArray(container)) container[part] = value;
  else {
    const index = part === '-' ? container.length : Number(part);
    if (!Number.isInteger(index) || index < 0 || index > container.length) throw unprocessable(rejected);
    container.splice(index, 0, value);
  }
}

function remove(root: Record<string, unknown>, path: string): unknown {
  const [container, part] = locate(root, path);
  if (!(part in container)) throw unprocessable(rejected);
  if (Array.isArray(container)) return container.splice(Number(part), 1)[0];
  const removed = container[part];
  delete container[part];
  return removed;
}
