import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, loaded, problemsOf } from './load-with.ts';

describe('booleans of the environment', () => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) {
    it(`takes ${text} as true`, async () => {
      assert.equal((await configOf({ env: { DRY_RUN: text } })).dryRun, true);
    });
  }
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) {
    it(`takes ${text} as false`, async () => {
      assert.equal((await configOf({ env: { IGNORE_DAEMON_SETS: text } })).drain.ignoreDaemonSets, false);
    });
  }
  for (const text of ['yes', 'no', 'on', 'tRuE', 'fALSE', ' true', '2', 'y']) {
    it(`refuses "${text}"`, async () => {
      assert.deepEqual(await problemsOf({ env: { CORDON_ONLY: text } }), [
        `Cannot set cordon-only to "${text}" (environment CORDON_ONLY): expected true or false`,
      ]);
    });
  }
  it('takes an empty one as not set', async () => {
    assert.equal((await configOf({ env: { IGNORE_DAEMON_SETS: '' } })).drain.ignoreDaemonSets, true);
  });
});

describe('variables with two spellings', () => {
  it('reads the lower-case one where the upper-case one is not set', async () => {
    const { network } = await configOf({
      env: { https_proxy: 'http://low:1', HTTPS_PROXY: '', no_proxy: 'a' },
    });
    assert.equal(network.httpsProxyUrl, 'http://low:1/');
    assert.deepEqual(network.noProxy, ['a']);
  });

  it('prefers the upper-case one', async () => {
    const { network } = await configOf({ env: { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' } });
    assert.equal(network.httpsProxyUrl, 'http://up:1/');
  });
});

describe('variables with our prefix that are not ours', () => {
  it('warns of one that is nearly ours', async () => {
    const { warnings } = await loaded({ env: { NTH_SPOT_POL_INTERVAL_MS: '5', NTH_CONFIGS: 'x' } });
    assert.deepEqual(warnings, [
      'Ignoring environment "NTH_SPOT_POL_INTERVAL_MS": did you mean NTH_SPOT_POLL_INTERVAL_MS?',
      'Ignoring environment "NTH_CONFIGS": did you mean NTH_CONFIG?',
    ]);
  });

  it('is silent about those that Kubernetes sets for a Service', async () => {
    const { warnings } = await loaded({
      env: { NTH_METRICS_SERVICE_HOST: '10.0.0.1', NTH_METRICS_PORT_9092_TCP: 'tcp://10.0.0.1:9092' },
    });
    assert.deepEqual(warnings, []);
  });
});
