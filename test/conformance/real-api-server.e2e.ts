import { apiServerSuite } from './api-server.suite.ts';
import { startRealTarget } from './real-target.ts';

apiServerSuite(startRealTarget);
