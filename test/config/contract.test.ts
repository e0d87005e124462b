import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { outdatedDocuments } from '../../.ci/generate-docs.ts';
import { type FormatName } from '../../src/config/formats.ts';
import { isOptionName, optionNames, schema } from '../../src/config/schema.ts';

interface NthOption {
  readonly flag: string;
  readonly env: string;
  readonly type: 'boolean' | 'integer' | 'string';
  readonly default: boolean | number | string;
  readonly deprecated?: boolean;
}

const nthOptions = JSON.parse(
  await readFile(new URL('../fixtures/options.json', import.meta.url), 'utf8'),
) as NthOption[];

function typeOf(format: FormatName): string {
  if (format === 'go-bool') return 'boolean';
  return format === 'integer' || format === 'port' ? 'integer' : 'string';
}

describe("NTH's options", () => {
  it('are 57', () => {
    assert.equal(nthOptions.length, 57);
  });

  for (const nth of nthOptions) {
    const name = nth.flag.replace('--', '');
    it(`has ${name} with NTH's flag, variable, type and default`, () => {
      assert.ok(isOptionName(name), `${name} is missing from the schema`);
      const option = schema[name];
      assert.deepEqual(
        {
          flag: `--${option.arg}`,
          env: option.env,
          type: typeOf(option.format),
          default: option.default,
          deprecated: option.replacedBy !== undefined,
          ours: option.ours ?? false,
        },
        {
          flag: nth.flag,
          env: nth.env,
          type: nth.type,
          default: nth.default,
          deprecated: nth.deprecated ?? false,
          ours: false,
        },
      );
    });
  }
});

describe('our options', () => {
  const ours = optionNames.filter((name) => !nthOptions.some((nth) => nth.flag === `--${name}`));

  it('are marked as ours', () => {
    assert.deepEqual(
      ours.filter((name) => schema[name].ours !== true),
      [],
    );
  });

  it('have variables that start with NTH_, unless other programs know them too', () => {
    const named = ours.filter((name) => schema[name].only !== 'environment' && schema[name].only !== 'flag');
    assert.deepEqual(
      named.filter((name) => schema[name].env?.startsWith('NTH_') !== true),
      [],
    );
  });
});

describe('the schema', () => {
  it('gives each variable to one option', () => {
    const variables = optionNames.flatMap((name) => schema[name].env ?? []);
    assert.equal(new Set(variables).size, variables.length);
  });

  it('says of each option what it does, in whole sentences', () => {
    assert.deepEqual(
      optionNames.filter((name) => !/^[A-Z].*\.$/su.test(schema[name].doc)),
      [],
    );
  });

  it('replaces deprecated options by options that exist and have the same default', () => {
    for (const name of optionNames) {
      const { replacedBy, default: start } = schema[name];
      if (replacedBy === undefined) continue;
      assert.ok(isOptionName(replacedBy));
      assert.equal(schema[replacedBy].default, start);
    }
  });
});

it('has docs/options.md up to date', async () => {
  assert.deepEqual(await outdatedDocuments(), [], 'run: npm run docs');
});
