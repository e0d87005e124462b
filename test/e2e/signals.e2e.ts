import { maintenanceSuite } from './suites/maintenance.ts';
import { rebootSuite } from './suites/reboot.ts';
import { otherSignalsSuite, rebalanceSuite } from './suites/signals.ts';
import { toldSuite } from './suites/told.ts';
import { TestCluster } from './test-cluster.ts';

const shared = TestCluster.forThisFile();

// One after the other: each has as many daemons at a time as two cores can run.
maintenanceSuite(shared);
rebootSuite(shared);
rebalanceSuite(shared);
otherSignalsSuite(shared);
toldSuite(shared);
