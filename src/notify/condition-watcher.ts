import type {
  AttemptEnd,
  WorkflowNews,
  WorkflowObserver,
  WorkflowSummary,
} from '../handling/workflow-observer.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import type { ConditionSink, NodeCondition } from '../kubernetes/cluster.ts';

/** How far a node has come; what comes later takes the place of what was before. */
type Standing =
  | { readonly type: 'planned' }
  | { readonly type: 'draining' }
  | { readonly type: 'drained' }
  | { readonly type: 'not-drained'; readonly isOver: boolean; readonly troubles: readonly string[] };

/** A Node object is read by many. */
const longestMessage = 1024;

/**
 * Says what a node's conditions are to be: the types that Kubernetes 1.37 has for those who look after nodes.
 *
 *                     MaintenancePlanned  DrainInProgress  Drained  MaintenanceInProgress
 *   marked, waits     True
 *   draining          True                True             False
 *   drained           True                False            True     True
 *   not drained       True                False            False    True where its end has come
 *   unmarked          (all of them are taken away)
 */
export class ConditionWatcher implements WorkflowObserver {
  readonly name = 'node-conditions';
  readonly #sink: ConditionSink;
  readonly #standings = new Map<number, Standing>();

  constructor(modules: { readonly sink: ConditionSink }) {
    this.#sink = modules.sink;
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary): void {
    if (workflow.dryRun) return;
    if (news.type === 'ended') {
      this.#standings.delete(workflow.id);
      return;
    }
    const standing = standingAfter(news, this.#standings.get(workflow.id));
    if (!standing) return;
    this.#standings.set(workflow.id, standing);
    const isOver = news.type === 'attempted' && news.outcome === 'cancelled';
    // What is over in mid-way is still marked.
    if (workflow.interruptions.length === 0 && !isOver) return;
    this.#sink.set(workflow.node, isOver ? [] : conditionsOf(workflow, standing));
  }
}

/** undefined: nothing that is shown has changed. The first write of a node is its mark, which nothing may hold up. */
function standingAfter(news: WorkflowNews, before: Standing | undefined): Standing | undefined {
  switch (news.type) {
    case 'received':
    case 'cancelled':
      return before;
    case 'action':
      return before ? undefined : { type: 'planned' };
    case 'drain-began':
      return { type: 'draining' };
    case 'drain-broken-off':
      return { type: 'planned' };
    case 'attempted':
      return standingAtEnd(news, before);
    case 'phase':
    case 'marked':
    case 'waits':
    case 'pods':
    case 'failed':
    case 'ended':
      return undefined;
  }
}

function standingAtEnd({ outcome, report, troubles }: AttemptEnd, before: Standing | undefined): Standing {
  if (outcome === 'drained') return { type: 'drained' };
  if (report !== undefined) return { type: 'not-drained', isOver: outcome === 'deadline-passed', troubles };
  return before ?? { type: 'planned' };
}

function conditionsOf(
  { interruptions, deadline, deadlineIsMachineEnd }: WorkflowSummary,
  standing: Standing,
): readonly NodeCondition[] {
  const most = interruptions.find((it) => startOf(it) === deadline) ?? interruptions[0];
  if (!most) return [];
  const condition = (type: NodeCondition['type'], isTrue: boolean, message: string): NodeCondition => ({
    type,
    isTrue,
    reason: most.kind,
    message: message.slice(0, longestMessage),
  });
  const what = interruptions.map((it) => it.description.trim()).join('; ');
  const end = deadlineIsMachineEnd ? 'The machine ends' : 'AWS may begin';
  const when = deadline === undefined ? 'AWS names no time' : `${end} at ${wholeSeconds(deadline)}`;
  const planned = condition('MaintenancePlanned', true, `${when}: ${what}`);
  switch (standing.type) {
    case 'planned':
      return [planned];
    case 'draining':
      return [
        planned,
        condition('DrainInProgress', true, 'Pods are asked to leave'),
        condition('Drained', false, 'Pods are on their way'),
      ];
    case 'drained':
      return [
        planned,
        condition('DrainInProgress', false, 'The drain has ended'),
        condition('Drained', true, 'Every pod that was to leave has left'),
        condition('MaintenanceInProgress', true, 'The node is left to AWS'),
      ];
    case 'not-drained': {
      const { troubles, isOver } = standing;
      return [
        planned,
        condition('DrainInProgress', false, isOver ? 'The deadline has passed' : 'The drain is tried again'),
        condition('Drained', false, troubles.join('; ')),
        ...(isOver ? [condition('MaintenanceInProgress', true, 'The deadline has passed')] : []),
      ];
    }
  }
}

function wholeSeconds(instant: Instant): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What the deadline may be. */
function startOf(interruption: Interruption): Instant | undefined {
  if (interruption.kind === 'SPOT_ITN') return interruption.deadline;
  return interruption.kind === 'SCHEDULED_EVENT' ? interruption.notBefore : undefined;
}
