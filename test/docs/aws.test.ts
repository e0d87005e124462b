import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fixture, fixtureNames } from '../sources/sqs/fixtures.ts';

const folder = fileURLToPath(new URL('../../docs/aws/', import.meta.url));
const read = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');
const templates = ['queue.cloudformation.yaml', 'queue.tf'];

for (const name of templates) {
  it(`${name} lets every kind of message through that is acted on`, () => {
    const kinds = fixtureNames
      .map((message) => (JSON.parse(fixture(message)) as Record<string, unknown>)['detail-type'])
      .filter((kind) => typeof kind === 'string');
    assert.deepEqual(
      [...new Set(kinds)].filter((kind) => !read(name).includes(kind)),
      [],
    );
  });

  it(`${name} gives the rights of the least policy`, () => {
    const { Statement } = JSON.parse(read('iam-policy.json')) as {
      Statement: { Action: string | string[] }[];
    };
    const actions = Statement.flatMap(({ Action }) => Action);
    assert.equal(actions.length, 6);
    assert.deepEqual(
      actions.filter((action) => !read(name).includes(action)),
      [],
    );
  });
}
