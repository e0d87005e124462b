import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { detailTypes } from '../../src/sources/sqs/parsers.ts';

const folder = fileURLToPath(new URL('../../docs/aws/', import.meta.url));
const read = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');
const templates = ['queue.cloudformation.yaml', 'queue.tf'];

for (const name of templates) {
  it(`${name} lets every kind of message through that is acted on`, () => {
    const isThere = (type: string): boolean => new RegExp(`(?:- |")${type}(?:"|\n)`, 'u').test(read(name));
    assert.ok(detailTypes.length > 9);
    assert.deepEqual(
      detailTypes.filter((type) => !isThere(type)),
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
