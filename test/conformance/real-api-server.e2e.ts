import { suite } from 'node:test';
import { apiServerSuite, budgetControllerSuite } from './api-server.suite.ts';
import { startRealTarget } from './real-target.ts';

/** The parts may have to be built first. */
const timeoutMs = 20 * 60_000;

suite('a real API server', { timeout: timeoutMs }, () => {
  apiServerSuite(async () => startRealTarget([]));
});
suite('a real API server with its disruption controller', { timeout: timeoutMs }, () => {
  budgetControllerSuite(async () => startRealTarget(['disruption-controller']));
});
