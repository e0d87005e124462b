import { comesBack, type Instant, type Interruption, type InterruptionKind } from './interruption.ts';

/** What is done to the node, from weakest to strongest. */
export const responses = ['ignore', 'mark', 'drain'] as const;
export type Response = (typeof responses)[number];

/**
 * What becomes of a pod whose eviction is refused until its latest instant, from mildest to harshest; only where
 * the deadline is the machine's end, for elsewhere budgets are always respected.
 * - `evict`: it is asked on, with a grace that ends before the deadline
 * - `evict-then-delete`: it is deleted then, which no budget can refuse, so that it is shut down and not cut off
 * - `delete`: it is deleted from the start
 */
export const escalations = ['evict', 'evict-then-delete', 'delete'] as const;
export type Escalation = (typeof escalations)[number];

/** How one kind of interruption is answered. */
export interface KindPolicy {
  readonly response: Response;
  /** How long a drain may take; undefined = as long as the deadline allows. */
  readonly nodeGracePeriodMs: number | undefined;
  readonly escalation: Escalation;
  /** The drain begins this long before an announced start; undefined = as soon as the interruption is known. */
  readonly leadMs: number | undefined;
}

export type Policy = Readonly<Record<InterruptionKind, KindPolicy>>;

/** What we answer to one interruption, or to all of a node's together. */
export interface Decision {
  readonly response: Response;
  /** Not to be drained before; -Infinity: at once, whatever the clock says. */
  readonly drainAt: Instant;
  /** When the pods should be gone; undefined where AWS names no time. */
  readonly deadline: Instant | undefined;
  /** The machine has no power after the deadline: what still runs then is cut off. */
  readonly deadlineIsMachineEnd: boolean;
  /** The machine does not come back: its volumes may be taken from it once its pods have left. */
  readonly endsMachine: boolean;
  readonly nodeGracePeriodMs: number | undefined;
  readonly escalation: Escalation;
}

/** The one place where a kind of interruption is turned into what is done about it. */
export function decide(interruption: Interruption, policy: Policy): Decision {
  const { response, nodeGracePeriodMs, escalation, leadMs } = policy[interruption.kind];
  const decision = {
    response,
    drainAt: -Infinity,
    deadline: undefined,
    deadlineIsMachineEnd: false,
    endsMachine: false,
    nodeGracePeriodMs,
    escalation,
  };
  switch (interruption.kind) {
    case 'SPOT_ITN':
      // Terminated, stopped or hibernated: at this instant the machine's programs stop running.
      return {
        ...decision,
        deadline: interruption.deadline,
        deadlineIsMachineEnd: true,
        endsMachine: !comesBack(interruption),
      };
    case 'SCHEDULED_EVENT':
      // AWS may begin at any time from NotBefore on, so that is when the pods should be gone.
      return leadMs === undefined
        ? decision
        : { ...decision, drainAt: interruption.notBefore - leadMs, deadline: interruption.notBefore };
    case 'ASG_LIFECYCLE':
    case 'STATE_CHANGE':
      return { ...decision, endsMachine: !comesBack(interruption) };
    case 'REBALANCE_RECOMMENDATION':
    case 'ASG_LAUNCH_LIFECYCLE':
      return decision;
  }
}

const nothingToDo: Decision = {
  response: 'ignore',
  drainAt: Infinity,
  deadline: undefined,
  deadlineIsMachineEnd: false,
  endsMachine: false,
  nodeGracePeriodMs: undefined,
  escalation: 'evict',
};

/**
 * Several interruptions of one node: the strongest response, the earliest times, the shortest grace. When the machine
 * ends is the deadline of all, also where something else may begin before: only from the machine's end on is it certain
 * that pods are cut off, and for its sake that budgets are passed over.
 */
export function strongest(decisions: readonly Decision[]): Decision {
  const acting = decisions.filter((decision) => decision.response !== 'ignore');
  return acting.length === 0 ? nothingToDo : acting.reduce(merge);
}

function merge(a: Decision, b: Decision): Decision {
  const first = isFirst(b, a) ? b : a;
  return {
    response: responses[Math.max(responses.indexOf(a.response), responses.indexOf(b.response))] ?? 'drain',
    // One that is only marked does not hasten the drain that another asks for.
    drainAt: Math.min(drainAtOf(a), drainAtOf(b)),
    deadline: first.deadline,
    deadlineIsMachineEnd: first.deadlineIsMachineEnd,
    endsMachine: a.endsMachine || b.endsMachine,
    nodeGracePeriodMs: shorter(a.nodeGracePeriodMs, b.nodeGracePeriodMs),
    escalation: first.escalation,
  };
}

/** Whether its deadline goes before the other's. */
function isFirst(decision: Decision, other: Decision): boolean {
  if (decision.deadlineIsMachineEnd !== other.deadlineIsMachineEnd) return decision.deadlineIsMachineEnd;
  return (decision.deadline ?? Infinity) < (other.deadline ?? Infinity);
}

function drainAtOf({ response, drainAt }: Decision): Instant {
  return response === 'drain' ? drainAt : Infinity;
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
