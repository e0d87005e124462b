import { apiServerSuite } from './api-server.suite.ts';
import { startFakeTarget } from './fake-target.ts';

apiServerSuite(startFakeTarget);
