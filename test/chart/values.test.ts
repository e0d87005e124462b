import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readValues } from '../../.ci/chart-values.ts';
import packageJson from '../../package.json' with { type: 'json' };
import nthValues from '../fixtures/chart-values.json' with { type: 'json' };

type Mapping = Readonly<Record<string, unknown>>;

const chart = new URL('../../charts/aws-node-termination-handler/', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, chart), 'utf8');
const text = await read('values.yaml');
const values = parse(text) as Mapping;

/** `theirs` with what `ours` has besides, in the mappings that both have. */
function isContained(theirs: unknown, ours: unknown): boolean {
  if (typeof theirs !== 'object' || theirs === null || Array.isArray(theirs)) {
    return JSON.stringify(theirs) === JSON.stringify(ours);
  }
  const entries = Object.entries(theirs);
  if (entries.length === 0) return JSON.stringify(ours) === '{}';
  return entries.every(([key, value]) => isContained(value, (ours as Mapping | undefined)?.[key]));
}

describe("the chart's values", () => {
  it("are those of NTH's chart, with its defaults, and further ones", () => {
    const differing = Object.entries(nthValues).filter(([name, value]) => {
      // Releases have the name of their own image.
      const theirs =
        name === 'image' ? { ...nthValues.image, repository: 'aws-node-termination-handler' } : value;
      return !isContained(theirs, values[name]);
    });
    assert.deepEqual(differing, []);
    const ours = Object.keys(values).filter((name) => !Object.hasOwn(nthValues, name));
    assert.deepEqual(ours.sort(), [
      'config',
      'dashboard',
      'networkPolicy',
      'nodeConditions',
      'nodeRestriction',
      'prometheusRule',
      'readinessProbe',
    ]);
  });

  it('are those of the schema', async () => {
    const { properties } = JSON.parse(await read('values.schema.json')) as { readonly properties: Mapping };
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(values).sort());
  });

  it('say of each value that is ours that it is new', () => {
    const docs = new Map(readValues(text).map(({ path, doc }) => [path, doc]));
    const ours = Object.keys(values).filter((name) => !Object.hasOwn(nthValues, name));
    assert.deepEqual(
      ours.filter((name) => !(docs.get(name) ?? '').includes('New')),
      [],
    );
  });
});

it('the chart has the version of the package', async () => {
  const { version, appVersion } = parse(await read('Chart.yaml')) as Mapping;
  assert.deepEqual(
    { version, appVersion },
    { version: packageJson.version, appVersion: packageJson.version },
  );
});
