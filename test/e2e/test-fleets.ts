import { after, before, type TestContext } from 'node:test';
import { systemClock as clock } from '../../src/clock.ts';
import { startAws, type AwsParts } from '../parts/aws.ts';
import { FleetUnderTest, type FleetUnderTestOptions } from './fleet-under-test.ts';
import { TestCluster } from './test-cluster.ts';

/** One cluster and one AWS for all tests of a file; each test has a queue and machines of its own. */
export class TestFleets {
  readonly #shared = TestCluster.forThisFile();
  #aws: AwsParts | undefined;

  static forThisFile(): TestFleets {
    const fleets = new TestFleets();
    before(async () => {
      fleets.#aws = await startAws({ clock });
      // A machine that was launched just now may be joining its cluster, and its message waits for that.
      fleets.aws.launchTime = '2020-01-01T00:00:00.000Z';
    });
    after(() => fleets.#aws?.stop());
    return fleets;
  }

  get aws(): AwsParts {
    if (this.#aws === undefined) throw new Error('Cannot use AWS before it has started');
    return this.#aws;
  }

  /** A fleet whose daemons end with the test. */
  async fleet(t: TestContext, options: FleetUnderTestOptions): Promise<FleetUnderTest> {
    const { cluster } = this.#shared;
    const fleet = await FleetUnderTest.create(options, { cluster, aws: this.aws });
    t.after(() => fleet.end());
    return fleet;
  }
}
