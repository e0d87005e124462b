import type { PodState } from '../../status/document.ts';

const kinds: Readonly<Record<string, string>> = {
  SPOT_ITN: 'Spot interruption',
  SCHEDULED_EVENT: 'Scheduled maintenance',
  REBALANCE_RECOMMENDATION: 'Rebalance recommendation',
  ASG_LIFECYCLE: 'Auto Scaling termination',
  ASG_LAUNCH_LIFECYCLE: 'Auto Scaling launch',
  STATE_CHANGE: 'Instance state change',
};

export const podStateWords: Readonly<Record<PodState, string>> = {
  refused: 'blocked',
  kept: 'kept',
  waiting: 'waiting',
  asking: 'being asked',
  terminating: 'shutting down',
  gone: 'gone',
  stays: 'staying',
};

/** How a tone is shown is the stylesheet's business; the word next to it always says the same. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

const outcomes: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  drained: { word: 'drained', tone: 'good' },
  marked: { word: 'marked', tone: 'good' },
  'deadline-passed': { word: 'deadline passed', tone: 'bad' },
  cancelled: { word: 'cancelled, undone', tone: 'quiet' },
  ignored: { word: 'ignored', tone: 'quiet' },
  'dry-run': { word: 'dry run', tone: 'quiet' },
  released: { word: 'not done, tried again', tone: 'warn' },
};

const podOutcomes: Readonly<Record<string, string>> = {
  evicted: 'evicted',
  clamped: 'evicted, grace cut',
  deleted: 'deleted past its budget',
  left: 'left by itself',
  terminating: 'still shutting down',
  refused: 'never let go',
  stays: 'stays',
  kept: 'kept',
};

export function kindWords(kind: string): string {
  return kinds[kind] ?? kind;
}

export function outcomeWords(outcome: string): { readonly word: string; readonly tone: Tone } {
  return outcomes[outcome] ?? { word: outcome, tone: 'quiet' };
}

export function podOutcomeWords(outcome: string): string {
  return podOutcomes[outcome] ?? outcome;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
