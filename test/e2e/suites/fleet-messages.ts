import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixture } from '../../sources/sqs/fixtures.ts';
import { eventBridge, healthEvent, launchAction, stateChange } from '../../sources/sqs/messages.ts';
import { inSeconds, tellFigures } from '../figures.ts';
import { assertDrained, assertUntouched } from '../fleet-marks.ts';
import { spot, terminate, terminateDirectly, tokenOf } from '../fleet-messages.ts';
import type { Machine } from '../fleet-under-test.ts';
import { rightsOfNthChart } from '../service-account.ts';
import { assertMetrics } from '../shown-metrics.ts';
import type { TestFleets } from '../test-fleets.ts';

const drained = 'Node successfully cordoned and drained';
/** Longer than the shortest visibility timeouts here, some times. */
const quietMs = 7_000;

/** What becomes of each kind of message, and of hooks. */
export function fleetMessagesSuite(fleets: TestFleets): void {
  suite('messages', { concurrency: true, timeout: 300_000 }, () => {
    test('every kind of message, each for a node of its own, and several for one', async (t) => {
      const fleet = await fleets.fleet(t, { name: 'kinds' });
      const machines = await fleet.createMachines(9, { endsAfterSeconds: 2 });
      const [byNotice, byRecommendation, byState, byGroup, byTopic, byGroupItself, byHealth, joining, byAll] =
        machines as readonly [
          Machine,
          Machine,
          Machine,
          Machine,
          Machine,
          Machine,
          Machine,
          Machine,
          Machine,
        ];
      const [untagged] = (await fleet.createMachines(1, { isManaged: false })) as readonly [Machine];
      const daemon = await fleet.startDaemon({ TAINT_NODE: 'true' });
      const hooks = [byGroup, byGroupItself, byAll].map((machine) => fleet.wait(machine));
      const launch = fleet.wait(joining, 'ready');
      const maintenance = {
        eventArn: `arn:aws:health:eu-central-1::event/EC2/reboot/${byHealth.instanceId}`,
        startTime: new Date(Date.now() + 86_400_000).toUTCString(),
        endTime: new Date(Date.now() + 90_000_000).toUTCString(),
      };
      const sentAtMs = performance.now();
      await fleet.send(
        spot(byNotice),
        eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', {
          'instance-id': byRecommendation.instanceId,
        }),
        stateChange(byState.instanceId, 'stopping'),
        terminate(byGroup),
        { Message: JSON.stringify(spot(byTopic)) },
        terminateDirectly(byGroupItself),
        healthEvent([byHealth.instanceId], maintenance),
        launchAction(joining.instanceId, tokenOf(joining)),
        terminate(byAll),
        spot(byAll),
        stateChange(byAll.instanceId, 'shutting-down'),
        spot(untagged),
        stateChange('i-0123456789abcdef0', 'terminated'),
        stateChange(byNotice.instanceId, 'running'),
        fixture('asg-direct-test'),
        'garbage {',
      );
      await fleet.untilSize(1);
      const tookMs = performance.now() - sentAtMs;
      await assertDrained(fleet, byNotice, ['SPOT_ITN']);
      await assertDrained(fleet, byRecommendation, ['REBALANCE_RECOMMENDATION']);
      await assertDrained(fleet, byState, ['STATE_CHANGE']);
      await assertDrained(fleet, byGroup, ['ASG_LIFECYCLE']);
      await assertDrained(fleet, byTopic, ['SPOT_ITN']);
      await assertDrained(fleet, byGroupItself, ['ASG_LIFECYCLE']);
      await assertDrained(fleet, byHealth, ['SCHEDULED_EVENT']);
      await assertDrained(fleet, byAll, ['ASG_LIFECYCLE', 'SPOT_ITN', 'STATE_CHANGE']);
      await assertUntouched(fleet, joining);
      await assertUntouched(fleet, untagged);
      assert.deepEqual(
        [...hooks, launch].map(({ state }) => state),
        hooks.concat(launch).map(() => 'continued'),
      );
      assert.equal(daemon.count(drained), 8);
      const count = (kind: string): string => `nth_interruptions_total{kind="${kind}",source="sqs"}`;
      await assertMetrics(daemon, {
        [count('SPOT_ITN')]: 3,
        [count('ASG_LIFECYCLE')]: 3,
        [count('ASG_LAUNCH_LIFECYCLE')]: 1,
        [count('SCHEDULED_EVENT')]: 1,
        [count('REBALANCE_RECOMMENDATION')]: 1,
        [count('STATE_CHANGE')]: 2,
        'nth_lifecycle_hooks_total{result="completed"}': 4,
        'nth_lifecycle_hooks_total{result="error"}': undefined,
        'nth_queue_messages_total{event="deleted"}': 15,
        'nth_queue_messages_total{event="unprocessable"}': 1,
        nth_queue_messages_held: 0,
        'actions_total{node_action="cordon-and-drain",node_status="success"}': 8,
      });

      await fleet.send(healthEvent([byHealth.instanceId], { ...maintenance, statusCode: 'closed' }));
      await fleet.untilSize(1);
      const { spec } = await fleet.node(byHealth);
      assert.deepEqual([spec.unschedulable, spec.taints], [undefined, undefined], 'unmarked');
      assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
      tellFigures('queue mode, 16 messages of every kind, 8 drains of 2 pods that take 2 s', [
        `settled after ${inSeconds(tookMs)}`,
      ]);
    });

    test("NTH's rights only, of Kubernetes and of AWS: told once, and nothing is lost", async (t) => {
      const fleet = await fleets.fleet(t, { name: 'nth-rights', rules: rightsOfNthChart });
      fleets.aws.deniedTo.set(
        fleet.accessKey,
        new Set([
          'ChangeMessageVisibility',
          'ChangeMessageVisibilityBatch',
          'GetQueueAttributes',
          'RecordLifecycleActionHeartbeat',
        ]),
      );
      const machines = await fleet.createMachines(3, { endsAfterSeconds: 8 });
      const [first, second, third] = machines as readonly [Machine, Machine, Machine];
      const daemon = await fleet.startDaemon({
        SQS_MSG_VISIBILITY_TIMEOUT_SEC: '2',
        HEARTBEAT_INTERVAL: '30',
        COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS: '32',
      });
      const hook = fleet.wait(first);
      await fleet.send(terminate(first), spot(second), stateChange(third.instanceId, 'stopping'));
      await fleet.untilSize(0);
      await assertDrained(fleet, first, ['ASG_LIFECYCLE']);
      await assertDrained(fleet, second, ['SPOT_ITN']);
      await assertDrained(fleet, third, ['STATE_CHANGE']);
      assert.equal(hook.state, 'continued');
      assert.deepEqual(hook.heartbeats, []);
      assert.equal(daemon.count(drained), 3, 'redeliveries are no drains');
      for (const right of ['sqs:ChangeMessageVisibility', 'autoscaling:RecordLifecycleActionHeartbeat']) {
        assert.equal(daemon.count(right), 1, right);
      }
      const redelivered = (await daemon.metrics()).get('nth_queue_messages_total{event="redelivered"}');
      assert.ok((redelivered ?? 0) > 3, 'messages came again while they were worked for');
    });

    test('hooks: kept open, completed late, gone; without the tag check; nodes that are not found', async (t) => {
      const fleet = await fleets.fleet(t, { name: 'hooks' });
      const machines = await fleet.createMachines(3, { endsAfterSeconds: 1, isManaged: false });
      const [open, late, gone] = machines as readonly [Machine, Machine, Machine];
      const [elsewhere] = (await fleet.launch(1)) as readonly [Machine];
      const daemon = await fleet.startDaemon({
        CHECK_TAG_BEFORE_DRAINING: 'false',
        DELETE_SQS_MSG_IF_NODE_NOT_FOUND: 'true',
        HEARTBEAT_INTERVAL: '30',
        COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS: '32',
      });
      const hooks = [open, late, elsewhere].map((machine) => fleet.wait(machine));
      const inTime = Date.now();
      // The daemon's client tries each call three times.
      fleets.aws.failingHooks.set(late.instanceId, 4);
      await fleet.send(terminate(open), terminate(late), terminate(gone), terminate(elsewhere));
      await fleet.untilSize(0);
      for (const machine of [open, late, gone]) await assertDrained(fleet, machine, ['ASG_LIFECYCLE']);
      assert.deepEqual(
        hooks.map(({ state }) => state),
        ['continued', 'continued', 'continued'],
      );
      const [kept] = hooks;
      assert.equal(kept?.heartbeats.length, 1);
      assert.ok((kept.completedAt ?? 0) - inTime >= 32_000, 'after the delay');
      await assertMetrics(daemon, {
        'nth_lifecycle_hooks_total{result="completed"}': 3,
        'nth_lifecycle_hooks_total{result="gone"}': 1,
        'nth_lifecycle_hooks_total{result="error"}': 1,
      });
    });

    test('dry run, and messages for nodes of another cluster: nothing is done, and all is left', async (t) => {
      const fleet = await fleets.fleet(t, { name: 'left-alone' });
      const [machine] = (await fleet.createMachines(1)) as readonly [Machine];
      const [elsewhere] = (await fleet.launch(1)) as readonly [Machine];
      const daemon = await fleet.startDaemon({ DRY_RUN: 'true', SQS_MSG_VISIBILITY_TIMEOUT_SEC: '2' });
      const hooks = [machine, elsewhere].map((each) => fleet.wait(each));
      await fleet.send(terminate(machine), spot(machine), terminate(elsewhere), fixture('asg-direct-test'));
      await daemon.says('Node would have been cordoned and drained, but dry-run flag was set.');
      await sleep(quietMs);
      assert.equal(await fleet.size(), 4);
      await assertUntouched(fleet, machine);
      assert.deepEqual(
        hooks.map(({ state }) => state),
        ['waiting', 'waiting'],
      );
      const told = daemon.count('would have been cordoned and drained');
      assert.ok(told === 1 || told === 2, 'once for each message, or for both');
      const writes = (await fleet.calls()).filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
      assert.deepEqual(writes, []);
      await daemon.stop();

      const [real] = [await fleet.startDaemon({ SQS_MSG_VISIBILITY_TIMEOUT_SEC: '2' })];
      await fleet.untilSize(1);
      await sleep(quietMs);
      assert.equal(await fleet.size(), 1, "the other cluster's message stays");
      assert.deepEqual(
        hooks.map(({ state }) => state),
        ['continued', 'waiting'],
      );
      assert.equal(real.count(drained), 1);
    });
  });
}
