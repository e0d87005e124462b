import { suite } from 'node:test';
import { drainsSuite } from './suites/drains.ts';
import { heldPodsSuite } from './suites/held-pods.ts';
import { TestCluster } from './test-cluster.ts';

const shared = TestCluster.forThisFile();

suite('the drain of a node', { concurrency: true }, () => {
  heldPodsSuite(shared);
  drainsSuite(shared);
});
