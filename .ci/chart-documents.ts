// What of the chart is made from other files: its README, the names that its checks know, and the schema of `config`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { OptionDefinition } from '../src/config/schema/definition.ts';
import { isOptionName, optionNames, schema } from '../src/config/schema.ts';
import options from '../test/fixtures/options.json' with { type: 'json' };
import { readValues } from './chart-values.ts';

const chart = fileURLToPath(new URL('../charts/aws-node-termination-handler/', import.meta.url));

/** Mappings whose keys the chart knows; in all others they are the user's own. */
const knownMappings = [
  'image',
  'serviceAccount',
  'rbac',
  'nodeRestriction',
  'networkPolicy',
  'prometheusRule',
  'dashboard',
  'podMonitor',
  'serviceMonitor',
];

/** Of older charts of NTH, whose users may have them still: its chart takes them, and so they are no error. */
const withoutEffect = [
  'gracePeriod',
  'linuxUpdateStrategy',
  'windowsUpdateStrategy',
  'nodeSelectorTermsOs',
  'nodeSelectorTermsArch',
  'probesServerPort',
  'probesServerEndpoint',
];

/** Set by the chart's templates, not by a value. */
const setByChart = new Set<string>([
  'node-name',
  'pod-name',
  'pod-namespace',
  'kubernetes-service-host',
  'kubernetes-service-port',
]);

/** Values that set an option which NTH doesn't have, or has no value for. */
const furtherValues: Readonly<Record<string, string>> = {
  'enable-sqs-termination-draining': 'enableSqsTerminationDraining',
  'node-conditions': 'nodeConditions',
};

/** `config` may have every option that a file may have; those with a value of their own are refused with its name. */
const fileOptions = optionNames.filter((name) => schema[name].only === undefined);

interface ValueSchema {
  readonly description?: string;
  readonly type?: readonly string[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

export function namesDocument(): string {
  const values = parse(readFileSync(`${chart}values.yaml`, 'utf8')) as Record<string, object>;
  const { properties } = readSchema();
  const names = {
    values: kinds(values, properties),
    nested: Object.fromEntries(
      knownMappings.map((name) => [name, kinds(values[name] ?? {}, properties[name]?.properties)]),
    ),
    withoutEffect,
    options: Object.fromEntries(fileOptions.map((name) => [name, settingOf(name)])),
  };
  return `# Made by \`npm run docs\`; do not edit. What the checks of the chart know.\n${stringify(names)}`;
}

/** The kind of each value, by the name that the schema has for it; "any" where it has none. */
function kinds(values: object, properties: Readonly<Record<string, ValueSchema>> = {}): object {
  return Object.fromEntries(
    Object.keys(values).map((name) => [name, properties[name]?.$ref?.replace('#/$defs/', '') ?? 'any']),
  );
}

/** The value that sets an option; "chart" where the templates do, and nothing where `config` is the place. */
function settingOf(name: string): string {
  if (setByChart.has(name)) return 'chart';
  const { replacedBy } = isOptionName(name) ? schema[name] : {};
  const option = options.find(({ flag }) => flag === `--${replacedBy ?? name}`);
  return option?.helmValue ?? furtherValues[name] ?? '';
}

/** values.schema.json with the options of now. */
export function chartSchema(): string {
  const content = readSchema();
  content.properties['config'] = {
    description: 'Options of the daemon that have no value of their own',
    type: ['object', 'null'],
    properties: Object.fromEntries(
      fileOptions.filter((name) => settingOf(name) === '').map((name) => [name, optionSchema(schema[name])]),
    ),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function readSchema(): { readonly properties: Record<string, ValueSchema> } {
  return JSON.parse(readFileSync(`${chart}values.schema.json`, 'utf8')) as {
    properties: Record<string, ValueSchema>;
  };
}

function optionSchema({ format, choices, min, max, none }: OptionDefinition): object {
  if (format === 'go-bool') return { $ref: '#/$defs/boolean' };
  if (format === 'choice') return { enum: choices };
  if (format !== 'integer') return {};
  const range = {
    $ref: '#/$defs/integer',
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
  };
  return none === undefined ? range : { anyOf: [{ const: none }, range] };
}

export function chartReadme(): string {
  const rows = readValues(readFileSync(`${chart}values.yaml`, 'utf8'));
  const sections = [...new Set(rows.map(({ section }) => section))];
  const tables = sections.map((section) =>
    [
      `### ${section}`,
      '',
      '| Value | Default | What it does |',
      '| --- | --- | --- |',
      ...rows
        .filter((row) => row.section === section)
        .map(
          ({ path, value, doc }) =>
            `| \`${path}\` | ${code(value)} | ${doc.replaceAll('|', String.raw`\|`)} |`,
        ),
    ].join('\n'),
  );
  const head = readFileSync(`${chart}README.head.md`, 'utf8');
  return `<!-- Made of README.head.md and values.yaml by \`npm run docs\`; do not edit. -->\n\n${head}\n## Values\n\n${tables.join('\n\n')}\n`;
}

function code(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  return `\`${JSON.stringify(value).replaceAll('|', String.raw`\|`)}\``;
}
