import { type OptionDefinition, variablesOf } from './schema/definition.ts';
import { sections } from './schema.ts';

const columns = 100;

/** What `--help` prints: every option by section, with where it can be given, what it does, and its default. */
export function helpText(): string {
  const intro = wrap(
    'Marks a Kubernetes node and moves its pods away before AWS takes the instance. An option is taken from its flag, ' +
      'else from its environment variable, else from the configuration file, else it has its default.',
    '',
  );
  const parts = sections.map(({ title, intro: words, options }) =>
    [
      `${title}:`,
      ...(words === undefined ? [] : [wrap(words, '  '), '']),
      ...Object.entries(options).map(([name, option]) => `${heading(name, option)}\n${body(option)}`),
    ].join('\n'),
  );
  return `Usage: node-termination-handler [flags]\n\n${intro}\n\n${parts.join('\n\n')}\n`;
}

/** What an option does and takes, all but its default: also what docs/options.md says. */
export function describe(option: OptionDefinition): string {
  const { doc, format, min, max, none, replacedBy } = option;
  const isRange = format === 'integer' && min !== undefined && max !== undefined;
  return [
    replacedBy === undefined ? '' : `Deprecated, use \`${replacedBy}\`.`,
    doc,
    isRange ? `From ${min} to ${max}${none === undefined ? '' : ` (or ${none})`}.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function heading(name: string, option: OptionDefinition): string {
  const variables = variablesOf(option).join(' or ');
  if (option.only === 'environment') return `  ${variables}`;
  const value = option.format === 'go-bool' ? '' : `=${placeholder(option)}`;
  return `  --${name}${value}${variables === '' ? '' : `  (${variables})`}`;
}

function body(option: OptionDefinition): string {
  const isWorthSaying = option.default !== '' && option.only !== 'flag';
  return wrap(describe(option) + (isWorthSaying ? ` (default ${String(option.default)})` : ''), '      ');
}

function placeholder({ format }: OptionDefinition): string {
  if (format === 'integer') return 'NUMBER';
  if (format === 'port' || format === 'port-text') return 'PORT';
  if (format === 'http-url' || format === 'proxy-url') return 'URL';
  if (format === 'headers') return 'JSON';
  return 'TEXT';
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (line.length > indent.length && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line].join('\n');
}
