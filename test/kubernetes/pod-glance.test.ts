import assert from 'node:assert/strict';
import { test } from 'node:test';
import { glanceAt } from '../../src/kubernetes/pod-glance.ts';

/** As the API server writes it. */
const metadata =
  '"metadata":{"name":"web-1","generateName":"web-","namespace":"shop","uid":"u-1","resourceVersion":"42"';
const event = (rest: string): string =>
  `{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1",${metadata},${rest}}}`;
const versionOnly = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '42' } } };
const isAskedFor = (node: string): boolean => node === 'node-1';

const skipped: Readonly<Record<string, string>> = {
  'a pod of another node': '"labels":{"a":"b"}},"spec":{"nodeName":"node-2"}',
  'a pod whose annotation quotes the node': String.raw`"annotations":{"a":"{\"nodeName\":\"node-1\"}"}},"spec":{"nodeName":"node-2"}`,
  'a pod that waits for the node': '"labels":{}},"spec":{},"status":{"nominatedNodeName":"node-1"}',
};
for (const [what, rest] of Object.entries(skipped)) {
  test(`of ${what} only the version is read`, () => {
    assert.deepEqual(glanceAt(event(rest), isAskedFor), versionOnly);
  });
}

const read: Readonly<Record<string, string>> = {
  'a pod of the node': event('"labels":{}},"spec":{"nodeName":"node-1"}'),
  'a pod whose label names another node': event(
    '"labels":{"nodeName":"node-2"}},"spec":{"nodeName":"node-1"}',
  ),
  'a bookmark':
    '{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","creationTimestamp":null},"spec":{"containers":null},"status":{}}}',
  'an error': '{"type":"ERROR","object":{"kind":"Status","metadata":{},"status":"Failure","code":410}}',
  'what has been written in another order':
    '{"object":{"metadata":{"resourceVersion":"42"},"spec":{"nodeName":"node-2"}},"type":"ADDED"}',
};
for (const [what, line] of Object.entries(read)) {
  test(`${what} is read as it is`, () => {
    assert.deepEqual(glanceAt(line, isAskedFor), JSON.parse(line));
  });
}

test('of a pod that is gone is read which it was, and where', () => {
  const line = event('"labels":{}},"spec":{"nodeName":"node-1"}').replace('MODIFIED', 'DELETED');
  assert.deepEqual(glanceAt(line, isAskedFor), {
    type: 'DELETED',
    object: { metadata: { uid: 'u-1', resourceVersion: '42' }, spec: { nodeName: 'node-1' } },
  });
});

test('of a pod that is gone all is read where it is not plain on which node it was', () => {
  const line = event('"labels":{"nodeName":"node-2"}},"spec":{"nodeName":"node-1"}').replace(
    'MODIFIED',
    'DELETED',
  );
  assert.deepEqual(glanceAt(line, isAskedFor), JSON.parse(line));
});
