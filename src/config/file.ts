import { errorText } from '../error-text.ts';
import { suggestion } from './did-you-mean.ts';
import { type Given, type Layer, oneLine, quoted } from './layer.ts';
import { isOptionName, type OptionName, optionNames, schema } from './schema.ts';

/** Gives the text of a file, at most `maxBytes` of it. */
export type ReadFile = (path: string, maxBytes: number) => Promise<string>;

/** All options with the longest sensible webhook template fit many times over. */
const maxFileBytes = 64 * 1024;

const fileKeys = optionNames.filter((name) => schema[name].only === undefined);

/** Reads the configuration file: YAML or JSON, a mapping from option names to values. */
export async function readConfigFile(
  path: string,
  readFile: ReadFile,
): Promise<Layer & { isReadable: boolean }> {
  try {
    // One byte more than is allowed tells a file that is too long from one that just fits.
    const text = await readFile(path, maxFileBytes + 1);
    if (Buffer.byteLength(text) > maxFileBytes)
      throw new RangeError(`it is longer than ${maxFileBytes} bytes`);
    return { ...layerOf(await parseYamlOrJson(text), path), isReadable: true };
  } catch (error) {
    return {
      given: new Map(),
      isReadable: false,
      problems: [`Cannot read configuration file ${quoted(path)}: ${oneLine(errorText(error))}`],
    };
  }
}

/** What a text in YAML or JSON holds. @throws with what is wrong and where, but not with what the text holds */
export async function parseYamlOrJson(text: string): Promise<unknown> {
  const json = text.trimStart().startsWith('{') ? parseJson(text) : undefined;
  if (json !== undefined) return json;
  // Loaded only here, since most daemons run without a file, and all of them count their memory.
  const { parseYaml } = await import('./yaml.ts');
  return parseYaml(text);
}

/** Undefined where it isn't JSON: a YAML mapping may start with a brace as well. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function layerOf(content: unknown, path: string): Layer {
  if (content === null || content === undefined) return { given: new Map(), problems: [] };
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new TypeError('expected a mapping from option names to values');
  }
  const given = new Map<OptionName, Given>();
  const problems: string[] = [];
  const origin = `file ${quoted(path)}`;
  for (const [key, value] of Object.entries(content)) {
    if (!isOptionName(key) || schema[key].only !== undefined) {
      problems.push(`Unknown option ${quoted(key)} (${origin}): ${suggestion(key, fileKeys)}`);
      continue;
    }
    const text = textOf(value);
    if (text === undefined) problems.push(`Cannot set ${key} (${origin}): expected a plain value`);
    else if (text !== '') given.set(key, { text, origin });
  }
  return { given, problems };
}

/** A value as a flag or variable would have it; empty (not set) where there is none, undefined where it holds itself. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
