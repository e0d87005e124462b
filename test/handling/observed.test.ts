import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeWorkflowOptions } from '../../src/handling/node-workflow.ts';
import type {
  WorkflowNews,
  WorkflowObserver,
  WorkflowSummary,
} from '../../src/handling/workflow-observer.ts';
import { rebalance, spot } from '../interruption/interruptions.ts';
import { drainsEverything } from './drains-everything.ts';
import { intakeOverFake } from './intake-over-fake.ts';

const { policy } = drainsEverything;
const options: NodeWorkflowOptions = {
  ...drainsEverything,
  policy: { ...policy, REBALANCE_RECOMMENDATION: { ...policy.REBALANCE_RECOMMENDATION, response: 'mark' } },
};

interface Heard {
  readonly news: WorkflowNews;
  readonly workflow: WorkflowSummary;
}

function listener(): WorkflowObserver & { readonly heard: Heard[] } {
  const heard: Heard[] = [];
  return { name: 'listener', heard, observe: (news, workflow) => heard.push({ news, workflow }) };
}

/** One that is broken hurts neither the work nor those who come after it. */
const broken: WorkflowObserver = {
  name: 'broken',
  observe: () => {
    throw new Error('a fault of the observer');
  },
};

async function observed(
  given: Partial<NodeWorkflowOptions>,
  happens: (scene: Awaited<ReturnType<typeof intakeOverFake>>) => Promise<void>,
): Promise<readonly Heard[]> {
  const ears = listener();
  await using scene = await intakeOverFake({ ...options, ...given }, [broken, ears]);
  const stopping = new AbortController();
  scene.api.addNode({ name: 'node-1' });
  const ended = scene.intake.run(stopping.signal, new AbortController().signal);
  await happens(scene);
  await scene.clock.advanceUntil(() => ears.heard.some(({ news }) => news.type === 'ended'));
  stopping.abort();
  await scene.clock.advanceWhile(ended);
  return ears.heard;
}

/** The news by type, with what tells one from the other. */
function outline(heard: readonly Heard[]): string[] {
  return heard.flatMap(({ news }) => {
    if (news.type === 'pods') return [];
    if (news.type === 'phase') return `phase ${news.phase}`;
    if (news.type === 'action') return `action ${news.action} ${news.succeeded}`;
    if (news.type === 'attempted' || news.type === 'ended') return `${news.type} ${news.outcome}`;
    return news.type;
  });
}

test('tells observers the way of a drain, pod by pod, also next to a broken one', async () => {
  const heard = await observed({}, async ({ api, source }) => {
    api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', ready: true, labels: { app: 'web' } });
    api.addPod({ name: 'free', node: 'node-1', owner: 'ReplicaSet/free' });
    api.addPod({ name: 'agent', node: 'node-1', owner: 'DaemonSet/agent' });
    api.addBudget({ name: 'web', selector: { matchLabels: { app: 'web' } }, minAvailable: 1 });
    source.show(spot());
    await Promise.resolve();
  });
  assert.deepEqual(outline(heard), [
    'received',
    'action pre-drain true',
    'marked',
    'phase draining',
    'drain-began',
    'action cordon-and-drain false',
    'attempted deadline-passed',
    'phase settling',
    'ended deadline-passed',
  ]);
  const states = new Map<string, string[]>();
  for (const { news } of heard) {
    if (news.type !== 'pods') continue;
    for (const pod of news.pods) states.set(pod.name, [...(states.get(pod.name) ?? []), pod.state]);
  }
  assert.deepEqual(states.get('agent'), ['stays']);
  assert.deepEqual(states.get('free')?.slice(-2), ['terminating', 'gone']);
  assert.equal(states.get('web')?.at(-1), 'refused');
  const held = heard.flatMap(({ news }) => (news.type === 'pods' ? news.pods : []));
  assert.match(held.findLast(({ name }) => name === 'web')?.because ?? '', /budget/);
  const end = heard.find(({ news }) => news.type === 'attempted')?.news;
  assert.ok(end?.type === 'attempted' && end.report?.complete === false);
  assert.match(end.troubles.join(), /budget/);
  const [first] = heard;
  assert.equal(first?.workflow.node, 'node-1');
  assert.equal(first.workflow.interruptions[0]?.kind, 'SPOT_ITN');
  assert.equal(first.workflow.deadlineIsMachineEnd, true);
});

test('tells observers of a node that is only marked', async () => {
  const heard = await observed({}, async ({ source }) => {
    source.show(rebalance());
    await Promise.resolve();
  });
  assert.deepEqual(outline(heard), [
    'received',
    'action pre-drain true',
    'marked',
    'action cordon true',
    'attempted marked',
    'phase settling',
    'ended marked',
  ]);
});

test('tells observers of a rehearsal', async () => {
  const heard = await observed({ dryRun: true }, async ({ api, source }) => {
    api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
    source.show(spot());
    await Promise.resolve();
  });
  assert.deepEqual(outline(heard), ['received', 'attempted dry-run', 'phase settling', 'ended dry-run']);
  const pods = heard.flatMap(({ news }) => (news.type === 'pods' ? news.pods : []));
  assert.deepEqual(
    pods.map(({ name, state }) => [name, state]),
    [['web', 'waiting']],
  );
});
