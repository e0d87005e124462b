import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readItems } from '../../src/kubernetes/list-items.ts';

async function* inParts(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const whole = Buffer.from(text);
  for (let at = 0; at < whole.length; at += bytes)
    yield await Promise.resolve(whole.subarray(at, at + bytes));
}

const head = '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"more"},';
/** With what may be mistaken for the list's own text: fields of the same name, and a string that looks like it. */
const pods = [
  {
    metadata: { name: 'grün', annotations: { last: '{"items":[{"a":1},{"metadata":{"x":1}}]}' } },
    spec: { volumes: [{ configMap: { items: [{ key: 'a', path: 'b' }] } }] },
  },
  { metadata: { name: 'two' }, status: {} },
  { metadata: { name: 'three' }, spec: { containers: [{ name: 'c' }] } },
];
const nameOf = (item: unknown) => (item as { metadata: { name: string } }).metadata.name;

for (const bytes of [1, 7, 4096]) {
  test(`items are read one by one from parts of ${bytes} bytes`, async () => {
    const text = `${head}"items":${JSON.stringify(pods)}}`;
    const read = await readItems(inParts(text, bytes), nameOf);
    assert.deepEqual(read.items, ['grün', 'two', 'three']);
    assert.deepEqual(JSON.parse(read.text), { ...JSON.parse(`${head}"items":[]}`) });
  });
}

test('a list without items', async () => {
  for (const items of ['[]', 'null']) {
    const read = await readItems(inParts(`${head}"items":${items}}\n`, 64), nameOf);
    assert.deepEqual(read.items, []);
    assert.equal((JSON.parse(read.text) as { metadata: { continue: string } }).metadata.continue, 'more');
  }
});

test('what is no list is given as its text', async () => {
  const text = '{"kind":"Status","code":403,"message":"pods is forbidden"}';
  assert.deepEqual(await readItems(inParts(text, 10), nameOf), { text, items: [] });
});

test('items that hold objects with metadata in an array are not torn: the reader is told that it has none', async () => {
  const set = {
    metadata: { name: 'set' },
    spec: { volumeClaimTemplates: [{ a: 1 }, { metadata: { name: 'b' } }] },
  };
  const read = await readItems(inParts(`${head}"items":${JSON.stringify([set])}}`, 4096), nameOf);
  assert.equal(read.items, undefined);
});

test('indented by a proxy: nothing is lost, the whole list is in the text', async () => {
  const text = JSON.stringify({ metadata: {}, items: pods }, undefined, 2);
  const read = await readItems(inParts(text, 100), nameOf);
  assert.deepEqual(JSON.parse(read.text), { metadata: {}, items: pods });
  assert.deepEqual(read.items, []);
});
