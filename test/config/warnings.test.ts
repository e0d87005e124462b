import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, loaded } from './load-with.ts';

describe('what is forgiven with a warning', () => {
  it('takes an unknown taint effect as NoSchedule', async () => {
    const { config, warnings, effective } = await loaded({ env: { TAINT_EFFECT: 'noexecute' } });
    assert.equal(config.marks.taintEffect, 'NoSchedule');
    assert.equal(effective['taint-effect'], 'NoSchedule');
    assert.deepEqual(warnings, [
      'Using NoSchedule for taint-effect "noexecute" (environment TAINT_EFFECT): expected NoSchedule, PreferNoSchedule, NoExecute',
    ]);
  });

  for (const effect of ['NoSchedule', 'PreferNoSchedule', 'NoExecute']) {
    it(`takes ${effect} as it is`, async () => {
      const { config, warnings } = await loaded({ argv: ['--taint-effect', effect] });
      assert.equal(config.marks.taintEffect, effect);
      assert.deepEqual(warnings, []);
    });
  }

  for (const [given, used] of [
    [0, 1],
    [-5, 1],
    [3, 2],
  ] as const) {
    it(`takes version ${given} of the log format as ${used}`, async () => {
      const { config, warnings } = await loaded({ argv: [`--log-format-version=${given}`] });
      assert.equal(config.logging.formatVersion, used);
      assert.deepEqual(warnings, [
        `Using ${used} for log-format-version "${given}" (flag --log-format-version): expected 1 or 2`,
      ]);
    });
  }

  it('takes log levels in any case', async () => {
    for (const level of ['DEBUG', 'Debug', 'debug']) {
      assert.equal((await configOf({ env: { LOG_LEVEL: level } })).logging.level, 'debug');
    }
  });

  it('tells that a burst alone limits nothing', async () => {
    const { config, warnings } = await loaded({ env: { KUBE_API_BURST: '50' } });
    assert.equal(config.kubernetes.requestRate, undefined);
    assert.deepEqual(warnings, [
      'Ignoring kube-api-burst (environment KUBE_API_BURST): without kube-api-qps no rate is limited',
    ]);
  });
});
