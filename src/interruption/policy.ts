import type { Instant, Interruption, InterruptionKind } from './interruption.ts';

/** What is done to the node, from weakest to strongest. */
export type Response = 'ignore' | 'mark' | 'drain';

/** What we answer to one interruption. */
export interface Decision {
  readonly response: Response;
  /** When the pods should be gone; undefined where AWS names no time. */
  readonly deadline: Instant | undefined;
  /** The machine has no power after the deadline: what still runs then is cut off. */
  readonly deadlineIsMachineEnd: boolean;
}

/** The response to each kind, as the options set it. */
export type Policy = Readonly<Record<InterruptionKind, Response>>;

/** The one place where a kind of interruption is turned into what is done about it. */
export function decide(interruption: Interruption, policy: Policy): Decision {
  const response = policy[interruption.kind];
  switch (interruption.kind) {
    case 'SPOT_ITN':
      // Terminated, stopped or hibernated: at this instant the machine's programs stop running.
      return { response, deadline: interruption.deadline, deadlineIsMachineEnd: true };
    case 'SCHEDULED_EVENT':
    case 'REBALANCE_RECOMMENDATION':
    case 'ASG_LIFECYCLE':
    case 'ASG_LAUNCH_LIFECYCLE':
    case 'STATE_CHANGE':
      return { response, deadline: undefined, deadlineIsMachineEnd: false };
  }
}

const strength: Readonly<Record<Response, number>> = { ignore: 0, mark: 1, drain: 2 };

/** Several interruptions of one node: the strongest response and the earliest deadline win. */
export function strongest(decisions: readonly Decision[]): Decision {
  let merged: Decision = { response: 'ignore', deadline: undefined, deadlineIsMachineEnd: false };
  for (const decision of decisions) {
    const earlier =
      decision.deadline !== undefined &&
      (merged.deadline === undefined || decision.deadline < merged.deadline);
    merged = {
      response: strength[decision.response] > strength[merged.response] ? decision.response : merged.response,
      deadline: earlier ? decision.deadline : merged.deadline,
      deadlineIsMachineEnd: earlier ? decision.deadlineIsMachineEnd : merged.deadlineIsMachineEnd,
    };
  }
  return merged;
}
