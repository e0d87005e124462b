import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventBridge, healthEvent } from '../sources/sqs/messages.ts';
import { addMachine, startQueueDaemon } from './queue-scene.ts';

/** `node-1`'s drain does not come to its end by itself, and `node-2` is so new that its tags are not known yet. */
async function startWithNewNode() {
  const capacityReservationId = 'cr-1';
  const run = await startQueueDaemon({
    env: { NODE_TERMINATION_GRACE_PERIOD: '0' },
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1', capacityReservationId });
      scene.api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels: { app: 'held' } });
      scene.api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
    },
  });
  addMachine(run, { name: 'node-2' }, { instanceId: 'i-2', capacityReservationId });
  run.api.addPod({ name: 'web', node: 'node-2', owner: 'ReplicaSet/web', shutdownMs: 1_000 });
  await run.clock.advance(1_000);
  return run;
}

for (const what of ['a Capacity Block', 'a Health event']) {
  test(`that EC2 can not be asked for a moment about one node of ${what} costs it no more than that`, async () => {
    await using run = await startWithNewNode();
    const { api, aws, clock, sqs } = run;
    const isBlock = what === 'a Capacity Block';
    const endsAt = clock.now() + 2_400_000;
    // What tells the instances of the block comes through.
    const before = aws.count('DescribeInstances') + (isBlock ? 1 : 0);
    const trouble = aws.faults.add(
      { kind: 'answer', code: 503 },
      { when: ({ action }) => action === 'DescribeInstances' && aws.count('DescribeInstances') > before },
    );
    sqs.send(
      isBlock
        ? eventBridge('aws.ec2', 'Capacity Block Reservation Expiration Warning', {
            'capacity-reservation-id': 'cr-1',
            'end-date': new Date(endsAt).toISOString(),
          })
        : healthEvent(['i-1', 'i-2'], { statusCode: 'open' }),
    );
    await clock.advance(10_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    assert.notEqual(api.node('node-2').spec.unschedulable, true);
    trouble();
    await clock.advanceUntil(() => api.pod('web') === undefined, { stepMs: 1_000, maxMs: 30_000 });
    assert.equal(api.node('node-2').spec.unschedulable, true);
    assert.ok(api.pod('held'));
    assert.equal(sqs.size, 1);
  });
}
