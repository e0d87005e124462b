import { interruptionKinds, type InterruptionKind } from '../interruption/interruption.ts';
import { escalations, responses, type Escalation, type Response } from '../interruption/policy.ts';

export type EventTiming = 'at-once' | 'before-start';

/** What the option `interruption-policy` says of one kind. */
export interface KindPolicySetting {
  readonly response?: Response;
  /** 0: no limit. */
  readonly nodeGracePeriodSeconds?: number;
  readonly escalation?: Escalation;
  readonly timing?: EventTiming;
  readonly leadSeconds?: number;
}

/** A launch's hook is completed whatever else is done: nothing goes away. */
const kinds = interruptionKinds.filter((kind) => kind !== 'ASG_LAUNCH_LIFECYCLE');

export type InterruptionPolicySetting = Readonly<Partial<Record<InterruptionKind, KindPolicySetting>>>;

const longestSeconds = 1_209_600;

const fields: Readonly<Record<keyof KindPolicySetting, readonly string[] | 'seconds'>> = {
  response: responses,
  nodeGracePeriodSeconds: 'seconds',
  escalation: escalations,
  timing: ['at-once', 'before-start'],
  leadSeconds: 'seconds',
};

/** What is expected of the value, where it is not as it should be. */
export function interruptionPolicyProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'a JSON object of kinds, such as {"SPOT_ITN":{"response":"drain"}}';
  for (const [kind, setting] of Object.entries(value)) {
    if (!kinds.some((known) => known === kind)) {
      return `kinds among ${kinds.join(', ')}, not ${JSON.stringify(kind)}`;
    }
    if (!isObject(setting)) return `a JSON object for ${kind}, such as {"response":"drain"}`;
    for (const [name, given] of Object.entries(setting)) {
      const problem = fieldProblem(kind, name, given);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function fieldProblem(kind: string, name: string, given: unknown): string | undefined {
  if (!Object.hasOwn(fields, name)) {
    return `fields of ${kind} among ${Object.keys(fields).join(', ')}, not ${JSON.stringify(name)}`;
  }
  const isTiming = name === 'timing' || name === 'leadSeconds';
  if (isTiming && kind !== 'SCHEDULED_EVENT') return `${name} for SCHEDULED_EVENT only, not for ${kind}`;
  const allowed = fields[name as keyof KindPolicySetting];
  if (allowed === 'seconds') {
    const isSeconds = Number.isInteger(given) && Number(given) >= 0 && Number(given) <= longestSeconds;
    return isSeconds ? undefined : `${name} of ${kind} to be whole seconds from 0 to ${longestSeconds}`;
  }
  return allowed.some((one) => one === given)
    ? undefined
    : `${name} of ${kind} to be one of ${allowed.join(', ')}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
