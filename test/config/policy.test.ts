import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, problemsOf } from './load-with.ts';

describe('interruption-policy', () => {
  it('says by kind what is done, and the other options say the rest', async () => {
    const policy = JSON.stringify({
      REBALANCE_RECOMMENDATION: { response: 'drain', nodeGracePeriodSeconds: 600, escalation: 'evict' },
    });
    const config = await configOf({ argv: [`--interruption-policy=${policy}`] });
    assert.deepEqual(config.policy.REBALANCE_RECOMMENDATION, {
      response: 'drain',
      nodeGracePeriodMs: 600_000,
      escalation: 'evict',
      leadMs: undefined,
    });
    assert.equal(config.policy.SPOT_ITN.nodeGracePeriodMs, 120_000);
  });

  it('has a kind asked for whose enable option is off', async () => {
    const argv = ['--interruption-policy={"ASG_LIFECYCLE":{"response":"mark"}}'];
    const { imds } = await configOf({ argv });
    assert.equal(imds.monitors.asgLifecycle, true);
  });

  it('has a kind not asked for that is to be ignored', async () => {
    const { imds } = await configOf({ argv: ['--interruption-policy={"SPOT_ITN":{"response":"ignore"}}'] });
    assert.equal(imds.monitors.spotInterruption, false);
  });

  it('loses to cordon-only', async () => {
    const argv = ['--cordon-only', '--interruption-policy={"SPOT_ITN":{"response":"drain"}}'];
    assert.equal((await configOf({ argv })).policy.SPOT_ITN.response, 'mark');
  });

  it('can be written as a mapping in the file', async () => {
    const file = 'interruption-policy:\n  SCHEDULED_EVENT:\n    timing: before-start\n    leadSeconds: 300\n';
    const { policy } = await configOf({ file });
    assert.equal(policy.SCHEDULED_EVENT.leadMs, 300_000);
  });

  for (const [given, expected] of [
    ['{', 'a JSON object of kinds, such as {"SPOT_ITN":{"response":"drain"}}'],
    ['[]', 'a JSON object of kinds, such as {"SPOT_ITN":{"response":"drain"}}'],
    ['{"SPOT":{}}', 'kinds among SPOT_ITN, .*, not "SPOT"'],
    ['{"SPOT_ITN":1}', 'a JSON object for SPOT_ITN, such as'],
    ['{"SPOT_ITN":{"respond":"drain"}}', 'fields of SPOT_ITN among response, .*, not "respond"'],
    ['{"SPOT_ITN":{"response":"kill"}}', 'response of SPOT_ITN to be one of ignore, mark, drain'],
    [
      '{"SPOT_ITN":{"nodeGracePeriodSeconds":-1}}',
      'nodeGracePeriodSeconds of SPOT_ITN to be whole seconds from 0',
    ],
    ['{"SPOT_ITN":{"timing":"at-once"}}', 'timing for SCHEDULED_EVENT only, not for SPOT_ITN'],
  ] as const) {
    it(`refuses ${given}`, async () => {
      const [problem = ''] = await problemsOf({ argv: [`--interruption-policy=${given}`] });
      assert.match(problem, new RegExp(`expected ${expected.replaceAll(/[{}[\]]/g, '\\$&')}`));
    });
  }
});

describe('scheduled-event-timing', () => {
  for (const [argv, leadMs] of [
    [[], undefined],
    [['--scheduled-event-timing=before-start'], 120_000],
    [['--scheduled-event-timing=before-start', '--node-termination-grace-period=300'], 300_000],
    [['--scheduled-event-timing=before-start', '--scheduled-event-lead-seconds=60'], 60_000],
    [['--scheduled-event-timing=at-once', '--scheduled-event-lead-seconds=60'], undefined],
  ] as const) {
    it(`${argv.join(' ') || 'by default'} gives a lead of ${leadMs}`, async () => {
      assert.equal((await configOf({ argv: [...argv] })).policy.SCHEDULED_EVENT.leadMs, leadMs);
    });
  }

  it('refuses what it does not know', async () => {
    assert.deepEqual(await problemsOf({ argv: ['--scheduled-event-timing=soon'] }), [
      'Cannot set scheduled-event-timing to "soon" (flag --scheduled-event-timing): expected one of at-once, before-start',
    ]);
  });
});
