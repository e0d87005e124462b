import { suite } from 'node:test';
import { apiServerSuite, budgetControllerSuite } from './api-server.suite.ts';
import { startFakeTarget } from './fake-target.ts';

suite('the fake API server', () => {
  apiServerSuite(async () => startFakeTarget([]));
});
suite('the fake API server with its disruption controller', () => {
  budgetControllerSuite(async () => startFakeTarget(['budgets']));
});
