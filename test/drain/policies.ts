import type { DrainGoal, DrainPolicy } from '../../src/drain/plan.ts';

export const usual: DrainPolicy = {
  ignoreDaemonSets: true,
  deleteLocalData: true,
  self: { name: '', namespace: '' },
  podGracePeriodSeconds: undefined,
  marginMs: 5_000,
  honoursDoNotDisrupt: false,
  waitsForVolumeDetach: true,
};

/** Without a deadline: it ends when its pods are gone. */
export const unhurried: DrainGoal = {
  deadline: undefined,
  deadlineIsMachineEnd: false,
  endBy: undefined,
  escalation: 'evict',
};
