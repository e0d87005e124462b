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

  it('tells that a queue is not read outside queue mode', async () => {
    const { config, warnings } = await loaded({
      env: { QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/1234/q' },
    });
    assert.equal(config.mode, 'imds');
    assert.deepEqual(warnings, [
      'Ignoring queue-url (environment QUEUE_URL): enable-sqs-termination-draining is false',
    ]);
  });

  it('tells that a queue is in another region', async () => {
    const { warnings } = await loaded({
      env: {
        ENABLE_SQS_TERMINATION_DRAINING: 'true',
        QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/1234/q',
        AWS_REGION: 'us-east-1',
      },
    });
    assert.deepEqual(warnings, [
      'Using aws-region "us-east-1" (environment AWS_REGION) although queue-url is in eu-west-1: SQS takes requests of its own region only',
    ]);
  });

  it('tells that nothing is watched', async () => {
    const off = { ENABLE_SPOT_INTERRUPTION_DRAINING: 'false', ENABLE_SCHEDULED_EVENT_DRAINING: 'false' };
    const { warnings } = await loaded({ env: off });
    assert.deepEqual(warnings, [
      'Nothing is watched: enable-spot-interruption-draining, enable-scheduled-event-draining and all other enable options are false',
    ]);
    const more = { ...off, ENABLE_REBALANCE_MONITORING: 'true' };
    assert.deepEqual((await loaded({ env: more })).warnings, []);
  });
});
