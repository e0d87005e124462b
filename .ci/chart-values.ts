import { parse } from 'yaml';

/** One value of the chart, as its README shows it. */
export interface ChartValue {
  readonly section: string;
  /** Such as `image.tag`. */
  readonly path: string;
  /** Undefined where the values inside are shown one by one. */
  readonly value: unknown;
  readonly doc: string;
}

/** A top-level value with the lines inside it. */
interface Block {
  readonly section: string;
  readonly name: string;
  readonly doc: string;
  readonly inside: readonly string[];
}

/** The values with their comments. `## ` begins a section; `# ` is what the README says of the value below. */
export function readValues(text: string): ChartValue[] {
  const defaults = parse(text) as Record<string, unknown>;
  return blocks(text).flatMap(({ section, name, doc, inside }) => {
    const value = defaults[name];
    if (!inside.some((line) => line.startsWith('  # '))) return [{ section, path: name, value, doc }];
    const own = doc === '' ? [] : [{ section, path: name, value: undefined, doc }];
    const inner = documented(inside, '  ').map((item) => ({
      section,
      path: `${name}.${item.name}`,
      value: (value as Record<string, unknown>)[item.name],
      doc: item.doc,
    }));
    return [...own, ...inner];
  });
}

function blocks(text: string): Block[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (/^[A-Za-z]+:/.test(line) ? [index] : []));
  const names = documented(lines, '');
  return starts.map((start, index) => {
    const inside = lines.slice(start + 1, starts[index + 1]);
    const section = lines.slice(0, start).findLast((line) => line.startsWith('## ')) ?? '';
    const { name = '', doc = '' } = names[index] ?? {};
    return { section: section.slice(3), name, doc, inside };
  });
}

/** The keys with this indentation, each with the comment lines right above it. */
function documented(lines: readonly string[], indent: string): { name: string; doc: string }[] {
  const found: { name: string; doc: string }[] = [];
  let doc: string[] = [];
  for (const line of lines) {
    const [, comment, name] = new RegExp(`^${indent}(?:# (.*)|([A-Za-z]+):.*)$`).exec(line) ?? [];
    if (comment !== undefined) doc.push(comment);
    else if (name !== undefined) found.push({ name, doc: doc.join(' ') });
    if (comment === undefined) doc = [];
  }
  return found;
}
