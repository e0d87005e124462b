import assert from 'node:assert/strict';
import { it } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { variablesOf } from '../../src/config/schema/definition.ts';
import { isOptionName, optionNames, schema } from '../../src/config/schema.ts';
import { interruptionKinds } from '../../src/interruption/interruption.ts';
import { createMetrics } from '../../src/metrics.ts';
import { fences, inlineCode, readFiles, readPage, readPages, type Page } from './pages.ts';

const everyPage = await readPages();
/** Pages for operators; the others speak of the build and of examples too. */
const guides = everyPage.filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));

const sources = await readFiles(['src/**/*.ts']);
const source = sources.map(({ text }) => text).join('\n');

/** `path: what`, for each page's finds that are not known. */
function unknown(
  find: (page: Page) => readonly string[],
  isKnown: (name: string) => boolean,
  pages = guides,
): string[] {
  return pages.flatMap((page) =>
    find(page)
      .filter((name) => !isKnown(name))
      .map((name) => `${page.path}: ${name}`),
  );
}

function shellLines(page: Page): string[] {
  return fences(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'));
}

it('names only options that there are', () => {
  const flags = (page: Page): string[] => [
    ...inlineCode(page).flatMap((code) => /^--?([a-z][a-z-]+)(?:=.*)?$/.exec(code)?.[1] ?? []),
    ...shellLines(page)
      .filter((line) => line.includes('dist/main.cjs'))
      .flatMap((line) => [...line.matchAll(/ --([a-z-]+)/g)].map(([, name = '']) => name)),
  ];
  // docs/options.md shows how flags are written.
  assert.deepEqual(
    unknown(flags, (name) => isOptionName(name) || name === 'name'),
    [],
  );
});

it('names only environment variables that there are', () => {
  const known = new Set<string>([
    ...optionNames.flatMap((name) => variablesOf(schema[name])),
    ...interruptionKinds,
  ]);
  const variables = (page: Page): string[] =>
    inlineCode(page).flatMap((code) => /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?$/.exec(code)?.[1] ?? []);
  assert.deepEqual(
    unknown(variables, (name) => known.has(name)),
    [],
  );
});

it('names only metrics that there are', () => {
  const { registry } = createMetrics('');
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const metrics = ({ text }: Page): string[] =>
    [...text.matchAll(/\b(?:nth|actions|events_error)_[a-z_]*[a-z]\b/g)].map(([name]) => name);
  assert.deepEqual(
    unknown(metrics, (name) => known.has(name.replace(/_(?:bucket|sum|count)$/, ''))),
    [],
  );
});

it('names only npm scripts that there are', () => {
  const scripts = (page: Page): string[] =>
    [...inlineCode(page), ...shellLines(page)].flatMap(
      (code) => /^npm (?:run )?([a-z0-9:]+)/.exec(code)?.[1] ?? [],
    );
  assert.deepEqual(
    unknown(scripts, (name) => Object.hasOwn(packageJson.scripts, name), everyPage),
    [],
  );
});

it('quotes only messages that the program can say', () => {
  const messages = (page: Page): string[] => inlineCode(page).filter((code) => /^[A-Z…][a-z]* /.test(code));
  // An ellipsis stands for what differs from time to time.
  const isSaid = (message: string): boolean =>
    message.split('…').every((part) => source.includes(part.trim()));
  assert.deepEqual(unknown(messages, isSaid), []);
});

it('explains every line that is logged at info or above', async () => {
  const explained = inlineCode(await readPage('docs/how-it-works.md')).map((code) => code.split('…'));
  const calls = source.matchAll(/\blog(?:ger)?\.(?:info|warn|error)\(\s*(['"`])(.+?)\1/g);
  const said = [...calls].map(([, , message = '']) => message);
  assert.ok(said.length > 20);
  assert.deepEqual(
    said.filter(
      (message) =>
        !explained.some(
          ([start = '', ...parts]) =>
            message.startsWith(start) && parts.every((part) => message.includes(part)),
        ),
    ),
    [],
  );
});

it('marks the test command in the README for the CI script', async () => {
  const { text } = await readPage('README.md');
  assert.match(text, /<!-- test-command -->\n\n```sh\nnpm test\n```\n/);
});
