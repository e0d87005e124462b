import type { NodeWorkflowOptions } from '../../src/handling/node-workflow.ts';
import type { KindPolicy } from '../../src/interruption/policy.ts';

const drain: KindPolicy = {
  response: 'drain',
  nodeGracePeriodMs: undefined,
  escalation: 'evict',
  leadMs: undefined,
};

/** Options by which every kind of interruption is drained for. */
export const drainsEverything: NodeWorkflowOptions = {
  policy: {
    SPOT_ITN: drain,
    SCHEDULED_EVENT: drain,
    REBALANCE_RECOMMENDATION: drain,
    ASG_LIFECYCLE: drain,
    ASG_LAUNCH_LIFECYCLE: drain,
    STATE_CHANGE: drain,
  },
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
