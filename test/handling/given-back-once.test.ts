import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { NodeWorkflowOptions } from '../../src/handling/node-workflow.ts';
import type { KindPolicy, Policy, Response } from '../../src/interruption/policy.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import type { Effect } from '../fakes/faults.ts';
import { asgTermination, maintenance, rebalance, spot } from '../interruption/interruptions.ts';
import { intakeOverFake, type Lending } from './intake-over-fake.ts';

const nodes = ['node-1', 'node-2'] as const;
const kinds = { spot, rebalance, maintenance, asgTermination } as const;

function answeredBy(response: Response): KindPolicy {
  return { response, nodeGracePeriodMs: 15_000, escalation: 'evict', leadMs: undefined };
}

const policy: Policy = {
  SPOT_ITN: answeredBy('drain'),
  SCHEDULED_EVENT: answeredBy('drain'),
  REBALANCE_RECOMMENDATION: answeredBy('mark'),
  ASG_LIFECYCLE: answeredBy('drain'),
  ASG_LAUNCH_LIFECYCLE: answeredBy('ignore'),
  STATE_CHANGE: answeredBy('drain'),
};

const options: NodeWorkflowOptions = {
  policy,
  drain: {
    ignoreDaemonSets: true,
    deleteLocalData: true,
    self: { name: '', namespace: '' },
    podGracePeriodSeconds: undefined,
    marginMs: 2000,
    honoursDoNotDisrupt: false,
    waitsForVolumeDetach: false,
  },
  outOfServiceTaint: false,
  dryRun: false,
};

const request = fc.constantFrom<((request: LoggedRequest) => boolean)[]>(
  ({ verb }) => verb === 'patch',
  ({ verb }) => verb === 'list',
  ({ verb }) => verb === 'watch',
  ({ subresource }) => subresource === 'eviction',
  () => true,
);
const effect = fc.constantFrom<Effect[]>(
  { kind: 'hang' },
  { kind: 'drop-before' },
  { kind: 'drop-after' },
  { kind: 'truncate' },
  { kind: 'delay', ms: 2500 },
  { kind: 'answer', code: 500, body: 'boom' },
  { kind: 'answer', code: 403, body: '{"kind":"Status","code":403,"reason":"Forbidden"}' },
  { kind: 'answer', code: 409, body: '{"kind":"Status","code":409,"reason":"Conflict"}' },
  { kind: 'answer', code: 429, body: 'later', headers: { 'Retry-After': '3' } },
);

type Step = (scene: Scene) => unknown;
type Scene = Awaited<ReturnType<typeof intakeOverFake>> & { readonly land: (node: string) => void };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...nodes), fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])))
      .map(([nodeName, kind]): Step => ({ source, clock }) => {
        const seenAt = clock.now();
        const timed = kind === 'spot' ? { deadline: seenAt + 120_000 } : {};
        source.show({ ...kinds[kind]({ where: { nodeName }, seenAt }), ...timed });
      }),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(0, 90, 200, 1000, 2600, 9000, 40_000).map(
      (ms): Step =>
        ({ clock }) =>
          clock.advance(ms),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(effect, request, fc.integer({ min: 1, max: 6 })).map(
      ([what, when, times]): Step =>
        ({ api }) =>
          api.faults.add(what, { when, times }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>(({ api }) => api.goAway()) },
  { weight: 2, arbitrary: fc.constant<Step>(({ api }) => api.restart()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...nodes).map(
      (node): Step =>
        ({ land }) =>
          land(node),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>(({ api }) => api.watches.end()) },
  { weight: 1, arbitrary: fc.constant<Step>(({ api }) => api.watches.expire()) },
);

function isMarked(api: FakeApiServer, { interruption }: Lending): boolean {
  return api.node(interruption.where.nodeName ?? '').spec.unschedulable === true;
}

async function run(steps: readonly Step[], isKilled: boolean): Promise<void> {
  await using fake = await intakeOverFake(options);
  const { api, clock, source, intake } = fake;
  let landed = 0;
  const land = (node: string) => {
    landed += 1;
    const shutdownMs = (landed % 3) * 20_000;
    api.addPod({ name: `pod-${landed}`, node, owner: 'ReplicaSet/web', shutdownMs, graceSeconds: 600 });
  };
  for (const name of nodes) {
    api.addNode({ name });
    for (let index = 0; index < 3; index += 1) land(name);
  }
  const wrong: string[] = [];
  source.onEnd = (lending, end) => {
    const { interruption, lentAt } = lending;
    const node = interruption.where.nodeName ?? '';
    if (end === 'drained' || end === 'marked') {
      if (!isMarked(api, lending)) wrong.push(`${interruption.kind} ${end} on an unmarked node`);
    }
    if (end === 'drained') {
      const left = api.pods(node).filter(({ metadata }) => Date.parse(metadata.creationTimestamp) < lentAt);
      if (left.length > 0) wrong.push(`${interruption.kind} drained with ${left.length} pods`);
    }
    if (end === 'deadline-passed' && clock.now() < spotDeadline(source.lendings, node)) {
      wrong.push(`${interruption.kind} let go before the machine's end`);
    }
  };
  const stopping = new AbortController();
  const killing = new AbortController();
  const running = intake.run(stopping.signal, killing.signal);
  await clock.advance(1000);
  for (const act of steps) {
    await act({ ...fake, land });
    await clock.settle();
  }
  if (isKilled) killing.abort(new Error('killed'));
  api.faults.clear();
  await api.restart();
  stopping.abort(new Error('stopped'));
  await clock.advanceWhile(running, { stepMs: 1000 });

  assert.deepEqual(wrong, []);
  for (const { interruption, ends } of source.lendings) {
    assert.equal(ends.length, 1, `${interruption.kind} was given back ${ends.length} times`);
  }
  const workflows = await fake.metrics.registry.getSingleMetricAsString('nth_workflows');
  assert.doesNotMatch(workflows, /[1-9]$/m, 'no workflow is left');
}

/** The earliest end of the node's machine that any lending told. */
function spotDeadline(lendings: readonly Lending[], node: string): number {
  const deadlines = lendings.flatMap(({ interruption }) =>
    interruption.kind === 'SPOT_ITN' && interruption.where.nodeName === node ? [interruption.deadline] : [],
  );
  return Math.min(...deadlines);
}

test('every delivery is given back once, and settled only for work that was done or has become pointless', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), fc.boolean(), run), {
    numRuns: 30,
  });
});
