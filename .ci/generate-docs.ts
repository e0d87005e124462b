// Writes the documents that are made from the code; with --check, writes nothing and fails where one is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe } from '../src/config/help.ts';
import { type OptionDefinition, variablesOf } from '../src/config/schema/definition.ts';
import { sections } from '../src/config/schema.ts';
import { chartReadme, chartSchema, namesDocument } from './chart-documents.ts';
import { dashboardDocument } from './dashboard/document.ts';
import { metricsDocument } from './metrics-document.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The generated documents, by path. */
export const documents: Readonly<Record<string, () => string>> = {
  'docs/options.md': optionsDocument,
  'docs/metrics.md': metricsDocument,
  'charts/aws-node-termination-handler/README.md': chartReadme,
  'charts/aws-node-termination-handler/values.schema.json': chartSchema,
  'charts/aws-node-termination-handler/files/names.yaml': namesDocument,
  'charts/aws-node-termination-handler/files/dashboard-node-termination-handler.json': dashboardDocument,
};

/** The documents that differ from what the code says now. */
export async function outdatedDocuments(): Promise<string[]> {
  const checked = Object.entries(documents).map(async ([path, generate]) => {
    const current = await readFile(root + path, 'utf8').catch(() => '');
    return current === generate() ? [] : [path];
  });
  return (await Promise.all(checked)).flat();
}

function optionsDocument(): string {
  const parts = sections.map(({ title, intro, options }) =>
    [
      `## ${title}`,
      '',
      ...(intro === undefined ? [] : [intro, '']),
      '| Flag | Environment variable | Default | What it does |',
      '| --- | --- | --- | --- |',
      ...Object.entries(options).map(([name, option]) => row(name, option)),
    ].join('\n'),
  );
  return `<!-- Generated from src/config/schema by \`npm run docs\`; do not edit. -->

# Options

An option is taken from its flag, else from its environment variable, else from the configuration file, else it has its
default. Flags, variables and defaults are those of AWS Node Termination Handler 1.25; what it does not have is marked
**new**.

- Flags are written \`--name=value\`, \`--name value\` or \`-name value\`; booleans also \`--name\`. The last one wins.
- Booleans are \`1\`, \`t\`, \`T\`, \`TRUE\`, \`true\`, \`True\`, \`0\`, \`f\`, \`F\`, \`FALSE\`, \`false\` or \`False\`.
- An empty environment variable counts as not set.
- The configuration file (\`--config\`) is YAML or JSON, at most 64 KiB: a mapping whose keys are the flags without the
  dashes. Values that are JSON in a flag may be written as a mapping there.
- Anything wrong stops the daemon at start with exit code 1 and one line for each option: the option, the value, where it
  came from, and what is expected. Secrets are never printed.

${parts.join('\n\n')}
`;
}

function row(name: string, option: OptionDefinition): string {
  const flag = option.only === 'environment' ? '' : code(`--${name}`);
  const variables = variablesOf(option).map(code).join(' ');
  const start = option.only === 'flag' || option.default === '' ? '' : code(String(option.default));
  const mark = option.ours === true && option.only !== 'environment' ? '**new** ' : '';
  return `| ${flag} | ${variables} | ${start} | ${mark}${describe(option).replaceAll('|', String.raw`\|`)} |`;
}

function code(text: string): string {
  return `\`${text.replaceAll('|', String.raw`\|`)}\``;
}

async function main(): Promise<void> {
  const outdated = await outdatedDocuments();
  if (process.argv.includes('--check')) {
    for (const path of outdated) console.error(`${path} is out of date: run npm run docs`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
    return;
  }
  for (const path of outdated) {
    await writeFile(root + path, documents[path]?.() ?? '');
    console.log(`Wrote ${path}`);
  }
}

if (import.meta.main) await main();
