import { RE2JS } from 're2js';
import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { strings } from '../values.ts';
import { ensureLength } from './limits.ts';

const functions: Readonly<Record<string, TemplateFunction>> = {
  regexFindAll: fn(['string', 'string', 'int'], (pattern, text, count) => {
    const found = matches(compiled(pattern), text, count).map(({ from, to }) => text.slice(from, to));
    return strings(found, found.length === 0);
  }),
  regexFind: fn(['string', 'string'], (pattern, text) => {
    const [first] = matches(compiled(pattern), text, 1);
    return first ? text.slice(first.from, first.to) : '';
  }),
  regexReplaceAll: fn(['string', 'string', 'string'], (pattern, text, by) => {
    const expression = compiled(pattern);
    return replaced(expression, text, (match) => expanded(by, match, expression));
  }),
  regexReplaceAllLiteral: fn(['string', 'string', 'string'], (pattern, text, by) =>
    replaced(compiled(pattern), text, () => by),
  ),
  regexSplit: fn(['string', 'string', 'int'], (pattern, text, count) =>
    strings(split(compiled(pattern), text, count)),
  ),
};

/** sprig's regular expressions, which are RE2's: they take time in proportion to the text, whatever the pattern. */
export const regularFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...functions,
  ...Object.fromEntries(
    Object.entries(functions).map(([name, function_]) => [`mustR${name.slice(1)}`, function_]),
  ),
  regexMatch: fn(['string', 'string'], (pattern, text) => {
    try {
      return RE2JS.compile(pattern).matcher(text).find();
    } catch {
      return false;
    }
  }),
  mustRegexMatch: fn(['string', 'string'], (pattern, text) => compiled(pattern).matcher(text).find()),
  regexQuoteMeta: fn(['string'], (text) => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)),
};

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new GoError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

interface Match {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly string[];
}

/** Go's FindAll: an empty match right after another one is none. @param count negative: all */
function matches(expression: RE2JS, text: string, count: number): readonly Match[] {
  const matcher = expression.matcher(text);
  const found: Match[] = [];
  let end = -1;
  while (found.length !== count && matcher.find()) {
    const [from, to] = [matcher.start(), matcher.end()];
    if (from === to && from === end) continue;
    end = to;
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, at) => matcher.group(at) ?? '');
    found.push({ from, to, groups });
  }
  return found;
}

function replaced(expression: RE2JS, text: string, by: (match: Match) => string): string {
  let result = '';
  let last = 0;
  for (const match of matches(expression, text, -1)) {
    result += text.slice(last, match.from) + by(match);
    ensureLength(result.length);
    last = match.to;
  }
  return result + text.slice(last);
}

/** `$1`, `${1}`, `$name`, `${name}`, `$$`: https://pkg.go.dev/regexp#Regexp.Expand */
function expanded(template: string, { groups }: Match, expression: RE2JS): string {
  const names = expression.namedGroups() as Readonly<Record<string, number>>;
  return template.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/gu, (all, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    if (name === undefined) return all === '$$' ? '$' : all;
    const at = /^\d+$/.test(name) ? Number(name) : names[name];
    return at === undefined ? '' : (groups[at] ?? '');
  });
}

function split(expression: RE2JS, text: string, count: number): readonly string[] {
  if (count === 0) return [];
  if (expression.pattern() !== '' && text === '') return [''];
  const parts: string[] = [];
  let [from, end] = [0, 0];
  for (const match of matches(expression, text, count)) {
    if (count > 0 && parts.length === count - 1) break;
    end = match.from;
    if (match.to !== 0) parts.push(text.slice(from, end));
    from = match.to;
  }
  if (end !== text.length) parts.push(text.slice(from));
  return parts;
}
