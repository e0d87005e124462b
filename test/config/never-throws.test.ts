import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { loadConfig, type LoadResult } from '../../src/config/load.ts';
import { optionNames, schema } from '../../src/config/schema.ts';

const variables = optionNames.flatMap((name) => [schema[name].env ?? [], schema[name].envAlias ?? []].flat());
const values = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '-1',
    '0',
    '30',
    'true',
    'F',
    'info',
    'NoExecute',
    'http://a',
    '{}',
    '{"a":"b"}',
    'a=b',
    '__proto__',
  ),
  fc.json(),
  fc.integer().map(String),
);
const option = fc.constantFrom<string>(...optionNames, '__proto__', 'constructor', 'toString', '');
const argument = fc.oneof(
  values,
  option.map((name) => `--${name}`),
  fc
    .tuple(fc.constantFrom('-', '--', '---'), option, values)
    .map(([dashes, name, value]) => `${dashes}${name}=${value}`),
);
const environment = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...variables),
    fc.string().map((name) => `NTH_${name}`),
  ),
  values,
);
const file = fc.oneof(
  values,
  fc
    .array(fc.tuple(option, values))
    .map((lines) => lines.map(([key, value]) => `${key}: ${value}`).join('\n')),
  fc.dictionary(option, fc.jsonValue()).map((content) => JSON.stringify(content)),
);

function isSound(result: LoadResult): boolean {
  if (result.type === 'problems') {
    return result.problems.length > 0 && result.problems.every((line) => !line.includes('\n'));
  }
  if (result.type === 'config') {
    const lines = [...result.warnings, JSON.stringify(result.effective)];
    return Object.isFrozen(result.config) && lines.every((line) => !line.includes('\n'));
  }
  return true;
}

it('answers any arguments, environment and file with a result, in single lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(argument), environment, file, async (argv, env, text) => {
      const result = await loadConfig(argv, { NTH_CONFIG: 'f', ...env }, async (path) => {
        if (path !== 'f') throw new Error(`no such file: ${path}`);
        return text;
      });
      assert.ok(isSound(result), JSON.stringify(result));
    }),
    { numRuns: 300 },
  );
});

it('blames the option whose value it refuses, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...optionNames), values, async (name, value) => {
      const { arg } = schema[name];
      // These two bring problems of others up: what the file holds, and what queue mode needs.
      fc.pre(arg !== undefined && name !== 'config' && name !== 'enable-sqs-termination-draining');
      const result = await loadConfig([`--${arg}=${value}`], { NODE_NAME: 'n' }, () =>
        Promise.reject(new Error()),
      );
      if (result.type !== 'problems') return;
      assert.equal(result.problems.length, 1);
      assert.match(result.problems[0] ?? '', new RegExp(`^Cannot (?:set|start without) ${name}[ :]`, 'u'));
    }),
    { numRuns: 300 },
  );
});

it('keeps the prototypes of objects as they are', async () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  await fc.assert(
    fc.asyncProperty(file, async (text) => {
      await loadConfig([], { NTH_CONFIG: 'f', NODE_NAME: 'n' }, () => Promise.resolve(text));
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
    }),
    { numRuns: 100 },
  );
});
