import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import nthValues from '../fixtures/chart-values.json' with { type: 'json' };
import { changedFields } from './changed-fields.ts';
import { chartFolder, render, type RenderOptions, type Values } from './helm.ts';
import { queueMode } from './modes.ts';

interface Effect {
  readonly value: string;
  readonly mode?: 'queue';
  readonly with?: Values;
  readonly kubeVersion?: string;
  readonly to: unknown;
  readonly changes: readonly string[];
  /** Why it has no effect, in NTH's chart neither. */
  readonly shadowed?: string;
}

const effects = parse(
  readFileSync(new URL('value-effects.yaml', import.meta.url), 'utf8'),
) as readonly Effect[];

suite('a value', { concurrency: 2 }, () => {
  for (const { value, mode, with: others, kubeVersion, to, changes, shadowed } of effects) {
    test(`${value} changes what it is for and nothing else`, async () => {
      const base = { ...(mode === 'queue' && queueMode), ...others };
      const options: RenderOptions = kubeVersion === undefined ? {} : { kubeVersion };
      const before = await render(base, options);
      const after = await render({ ...base, [value]: to }, options);
      assert.deepEqual(changedFields(before, after), changes);
      assert.equal(changes.length === 0, shadowed !== undefined, 'every value has an effect, or a reason');
    });
  }
});

test("the table has every value of NTH's chart, and every one of ours", () => {
  const ours = Object.keys(parse(readFileSync(`${chartFolder}/values.yaml`, 'utf8')) as Values);
  const inTable = effects.map(({ value }) => value);
  assert.equal(Object.keys(nthValues).length, 94);
  assert.deepEqual([...inTable].sort(), [...ours].sort());
  assert.deepEqual(
    Object.keys(nthValues).filter((name) => !inTable.includes(name)),
    [],
  );
  assert.deepEqual(
    effects.filter(({ shadowed }) => shadowed !== undefined).map(({ value }) => value),
    ['checkASGTagBeforeDraining', 'managedAsgTag'],
  );
});
