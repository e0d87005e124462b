import { after, before, type TestContext } from 'node:test';
import { startCluster, type Cluster, type ClusterOptions } from '../parts/cluster.ts';
import { NodeUnderTest, type NodeUnderTestOptions } from './node-under-test.ts';

/** One cluster for all tests of a file; each test has nodes of its own. */
export class TestCluster {
  #cluster: Cluster | undefined;

  /** Starts it before the file's first test and stops it after the last. */
  static forThisFile(options?: ClusterOptions): TestCluster {
    const shared = new TestCluster();
    before(async () => {
      shared.#cluster = await startCluster(options);
    });
    after(async () => {
      await shared.#cluster?.stop();
    });
    return shared;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('Cannot use the cluster before it has started');
    return this.#cluster;
  }

  /** A node whose processes end with the test. */
  async node(test: TestContext, options: NodeUnderTestOptions): Promise<NodeUnderTest> {
    const node = await NodeUnderTest.create(this.cluster, options);
    test.after(() => node.end());
    return node;
  }
}
