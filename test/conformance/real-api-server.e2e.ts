import { suite } from 'node:test';
import { apiServerSuite, budgetControllerSuite } from './api-server.suite.ts';
import { startRealTarget } from './real-target.ts';

suite('a real API server', () => {
  apiServerSuite(async () => startRealTarget([]));
});
suite('a real API server with its disruption controller', () => {
  budgetControllerSuite(async () => startRealTarget(['disruption-controller']));
});
