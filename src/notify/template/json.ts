import { GoError } from './template-error.ts';
import { GoTime } from './time.ts';
import { dict, GoInt, GoList, GoMap, GoStruct, list, type Value } from './values.ts';

/** Deeper than this nothing is that anybody posts. */
const deepest = 200;

export interface JsonOptions {
  /** `<`, `>` and `&` as escapes, which is what Go's json.Marshal does. */
  readonly escapesHtml: boolean;
}

/** Go's encoding/json. @throws GoError */
export function toJson(value: Value, options: JsonOptions = { escapesHtml: true }): string {
  return marshal(value, options, 0);
}

function marshal(value: Value, options: JsonOptions, depth: number): string {
  if (depth > deepest) throw new GoError('json: the value is nested too deeply');
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return jsonString(value, options);
  if (typeof value === 'number') return jsonNumber(value);
  if (value instanceof GoInt) return String(value.value);
  if (value instanceof GoTime) return `"${value.toJson()}"`;
  if (value instanceof GoList) {
    if (value.isNil) return 'null';
    return `[${value.items.map((item) => marshal(item, options, depth + 1)).join(',')}]`;
  }
  if (value instanceof GoMap && value.isNil) return 'null';
  const entries = value instanceof GoMap ? value.sorted : fieldsOf(value);
  const members = entries.map(
    ([key, item]) => `${jsonString(key, options)}:${marshal(item, options, depth + 1)}`,
  );
  return `{${members.join(',')}}`;
}

/** Promoted fields stand where their struct is; of the same name the outermost wins. */
function fieldsOf(value: GoStruct): readonly (readonly [string, Value])[] {
  const found = new Map<string, { readonly value: Value; readonly depth: number; count: number }>();
  const collect = (struct: GoStruct, depth: number): void => {
    for (const field of struct.type.fields ?? []) {
      const held = struct.fields[field.name];
      if (field.embedded && held instanceof GoStruct) collect(held, depth + 1);
      else {
        const name = field.json ?? field.name;
        const known = found.get(name);
        if (known && known.depth < depth) continue;
        if (known && known.depth === depth) known.count += 1;
        else {
          // Its place in the order is that of the one that wins.
          found.delete(name);
          found.set(name, { value: held, depth, count: 1 });
        }
      }
    }
  };
  collect(value, 0);
  // Two of one name and depth hide each other.
  return [...found].filter(([, { count }]) => count === 1).map(([name, { value: held }]) => [name, held]);
}

function jsonString(text: string, { escapesHtml }: JsonOptions): string {
  const quoted = JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`);
  if (!escapesHtml) return quoted;
  return quoted.replace(/[<>&]/g, (it) => `\\u00${it.charCodeAt(0).toString(16)}`);
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new GoError(`json: unsupported value: ${String(value)}`);
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-6 || size >= 1e21)) return value.toExponential();
  return String(value);
}

/** Go's json.MarshalIndent with two spaces. @throws GoError */
export function toPrettyJson(value: Value): string {
  return indent(toJson(value));
}

/** Lays out what is JSON already, without reading numbers as numbers. */
function indent(json: string): string {
  let depth = 0;
  const line = (): string => `\n${'  '.repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]/g, (token) => {
    switch (token) {
      case '{':
      case '[':
        depth += 1;
        return token + line();
      case '}':
      case ']':
        depth -= 1;
        return line() + token;
      case ',':
        return token + line();
      case ':':
        return ': ';
      default:
        return token;
    }
  });
}

/** Go's json.Unmarshal into an interface{}: numbers are float64. @throws GoError */
export function fromJson(text: string): Value {
  try {
    return valueOf(JSON.parse(text));
  } catch (error) {
    throw new GoError(`json: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function valueOf(json: unknown): Value {
  if (Array.isArray(json)) return list(json.map(valueOf));
  if (typeof json === 'object' && json !== null) {
    return dict(Object.entries(json).map(([key, value]) => [key, valueOf(value)]));
  }
  return json as string | number | boolean | null;
}
