import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probesPathProblem } from '../../src/http/probes-path.ts';
import { runServer } from './running-server.ts';

for (const probesPath of ['/healthz', '/', '/a/b-c_d.e~f', '/live@2', '/healthz/']) {
  test(`takes "${probesPath}"`, () => {
    assert.equal(probesPathProblem({ metricsPort: 9092, probesPort: 8080, probesPath }), undefined);
  });
}

for (const probesPath of ['', 'healthz', '/a b', '/a?b', '/a#b', '/a%20b', '/:id', '/*', '/a\n', '/grün']) {
  test(`refuses ${JSON.stringify(probesPath)}`, () => {
    assert.match(probesPathProblem({ probesPort: 8080, probesPath }) ?? '', /^must start with/u);
  });
}

test('refuses the path of the readiness probe', () => {
  assert.equal(
    probesPathProblem({ probesPort: 8080, probesPath: '/readyz' }),
    'must differ from "/readyz", the path of the readiness probe',
  );
});

test('refuses the path of the metrics on the same port only', () => {
  assert.equal(probesPathProblem({ metricsPort: 1, probesPort: 2, probesPath: '/metrics' }), undefined);
  assert.equal(
    probesPathProblem({ metricsPort: 1, probesPort: 1, probesPath: '/metrics' }),
    'must differ from "/metrics" where "probes-server-port" equals "prometheus-server-port"',
  );
});

test('does not mind the path where probes are off', () => {
  assert.equal(probesPathProblem({ metricsPort: 1, probesPath: '' }), undefined);
});

test('the server refuses to start with a path that it cannot serve', async () => {
  await assert.rejects(runServer({ probesPath: 'healthz' }), {
    message: /^Cannot serve the liveness probe on "healthz": it must start with "\/"/u,
  });
});
