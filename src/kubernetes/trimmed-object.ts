import { parseBody } from './status.ts';

/** An array of objects, as the API server writes it, that nobody here reads. */
interface UnreadArray {
  readonly begin: string;
  readonly end: string;
  /** `end` may be within it as well: its last one counts. */
  readonly untilLast?: boolean;
}

/**
 * Most of a Pod and of a Node. The API server writes the fields in the order of their Go types, and escapes the quotes
 * of a string; the keys of managed fields begin with `f:`, `k:` or `v:`. So none of these is met where it is not meant.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
const unreadArrays: readonly UnreadArray[] = [
  { begin: ',"managedFields":[', end: '}]},"spec":{' },
  // A container may have a restart policy of its own.
  { begin: '"containers":[', end: '}],"restartPolicy":"', untilLast: true },
  { begin: '"images":[', end: '}]' },
];

/**
 * Reads an object of a list or of a watch without what nobody here reads of it, which is most: with its managed fields
 * a pod of 7 KB is 30 KB of objects, and in a drain there are a thousand of them within seconds.
 * @returns the text itself where it is no JSON
 */
export function parseTrimmed(json: string): unknown {
  const trimmed = unreadArrays.reduce(without, json);
  if (trimmed.length < json.length) {
    try {
      return JSON.parse(trimmed);
    } catch {
      // Written by somebody between us and the API server.
    }
  }
  return parseBody(json);
}

function without(json: string, { begin, end, untilLast = false }: UnreadArray): string {
  const at = json.indexOf(begin);
  if (at < 0) return json;
  const from = at + begin.length;
  const to = untilLast ? json.lastIndexOf(end) : json.indexOf(end, from);
  // What is between the brackets.
  return to < from ? json : json.slice(0, from) + json.slice(to + 1);
}
