import type { OptionDefinition } from './schema/definition.ts';
import { sections } from './schema.ts';

const columns = 100;

/** What `--help` prints: every option by section, with where it can be given, its default, and what it does. */
export function helpText(): string {
  const intro = wrap(
    'Marks a Kubernetes node and moves its pods away before AWS takes the instance. ' +
      'An option is taken from its flag, else from its environment variable, else from the configuration file, else it has its default.',
    '',
  );
  const parts = sections.map(({ title, intro: words, options }) =>
    [
      `${title}:`,
      ...(words === undefined ? [] : [...wrap(words, '  '), '']),
      ...Object.entries(options).map(([name, option]) => `${heading(name, option)}\n${description(option)}`),
    ].join('\n'),
  );
  return `Usage: node-termination-handler [flags]\n\n${intro.join('\n')}\n\n${parts.join('\n\n')}\n`;
}

function heading(name: string, option: OptionDefinition): string {
  const { env, envAlias, only } = option;
  const variables = [env, envAlias].filter((variable) => variable !== undefined).join(' or ');
  if (only === 'environment') return `  ${variables}`;
  const flag = `--${name}${option.format === 'go-bool' ? '' : `=${placeholder(option)}`}`;
  return `  ${flag}${variables === '' ? '' : `  (${variables})`}`;
}

function description(option: OptionDefinition): string {
  const { doc, replacedBy, only } = option;
  const deprecation = replacedBy === undefined ? '' : `Deprecated, use ${replacedBy}. `;
  const start = option.default === '' || only === 'flag' ? '' : ` (default ${String(option.default)})`;
  return wrap(`${deprecation}${doc}${start}`, '      ').join('\n');
}

/** What a value of each format looks like, for help and docs. */
function placeholder({ format }: OptionDefinition): string {
  if (format === 'integer') return 'NUMBER';
  if (format === 'port' || format === 'port-text') return 'PORT';
  if (format === 'http-url' || format === 'proxy-url') return 'URL';
  if (format === 'headers') return 'JSON';
  return 'TEXT';
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (line.length > indent.length && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line];
}
