import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, problemsOf } from './load-with.ts';

describe('a deprecated option', () => {
  it('works, and warns', async () => {
    const { config, warnings } = await loaded({ env: { GRACE_PERIOD: '45' } });
    assert.equal(config.drain.podGraceSeconds, 45);
    assert.deepEqual(warnings, [
      'Deprecated option grace-period (environment GRACE_PERIOD): use pod-termination-grace-period instead',
    ]);
  });

  for (const given of ['90', '-1']) {
    it(`loses to its replacement, wherever that is given: ${given}`, async () => {
      const { config, warnings } = await loaded({
        argv: ['--grace-period=45'],
        env: { POD_TERMINATION_GRACE_PERIOD: given },
      });
      assert.equal(config.drain.podGraceSeconds, given === '-1' ? undefined : 90);
      assert.deepEqual(warnings, [
        'Ignoring deprecated grace-period (flag --grace-period): ' +
          'pod-termination-grace-period (environment POD_TERMINATION_GRACE_PERIOD) replaces it',
      ]);
    });
  }

  it('is refused under its own name', async () => {
    assert.deepEqual(await problemsOf({ env: { GRACE_PERIOD: 'x' } }), [
      'Cannot set grace-period to "x" (environment GRACE_PERIOD): expected a whole number of at most 32 bits',
    ]);
  });

  it('hands over what it was given', async () => {
    const { effective, warnings } = await loaded({
      argv: ['--managed-asg-tag=mine', '--check-asg-tag-before-draining=false'],
    });
    assert.equal(effective['managed-tag'], 'mine');
    assert.equal(effective['check-tag-before-draining'], false);
    assert.deepEqual(warnings, [
      'Deprecated option check-asg-tag-before-draining (flag --check-asg-tag-before-draining): use check-tag-before-draining instead',
      'Deprecated option managed-asg-tag (flag --managed-asg-tag): use managed-tag instead',
    ]);
  });
});
