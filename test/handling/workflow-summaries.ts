import type { WorkflowSummary } from '../../src/handling/workflow-observer.ts';
import { spot, t0 } from '../interruption/interruptions.ts';

/** A workflow that drains its node for a Spot notice; what a test is about is given. */
export function summary(id: number, given: Partial<WorkflowSummary> = {}): WorkflowSummary {
  return {
    id,
    node: `node-${id}`,
    startedAt: t0,
    phase: 'draining',
    interruptions: [spot()],
    cancellations: [],
    response: 'drain',
    deadline: t0 + 120_000,
    deadlineIsMachineEnd: true,
    dryRun: false,
    ...given,
  };
}
