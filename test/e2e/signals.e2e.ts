import { suite } from 'node:test';
import { maintenanceSuite } from './suites/maintenance.ts';
import { rebootSuite } from './suites/reboot.ts';
import { otherSignalsSuite, rebalanceSuite } from './suites/signals.ts';
import { TestCluster } from './test-cluster.ts';

const shared = TestCluster.forThisFile();

suite('signals of the metadata service', { concurrency: true }, () => {
  maintenanceSuite(shared);
  rebootSuite(shared);
  rebalanceSuite(shared);
  otherSignalsSuite(shared);
});
