import { suite } from 'node:test';
import { fleetMessagesSuite } from './suites/fleet-messages.ts';
import { fleetReplicasSuite } from './suites/fleet-replicas.ts';
import { TestFleets } from './test-fleets.ts';

const fleets = TestFleets.forThisFile();

suite('queue mode', { concurrency: true }, () => {
  fleetMessagesSuite(fleets);
  fleetReplicasSuite(fleets);
});
