import { interruptionKinds } from '../interruption/interruption.ts';
import type { NodeCondition } from './cluster.ts';

/** A condition as it is on the Node. */
export interface ShownCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  /** ISO 8601. */
  readonly lastTransitionTime?: string;
}

const types: readonly NodeCondition['type'][] = [
  'MaintenancePlanned',
  'DrainInProgress',
  'Drained',
  'MaintenanceInProgress',
];

const kinds: ReadonlySet<string | undefined> = new Set(interruptionKinds);

/** All that matters here, the conditions of others among them, without what nobody here reads. */
export function ofOurTypes(shown: readonly ShownCondition[]): readonly ShownCondition[] {
  return shown
    .filter(({ type }) => types.some((known) => known === type))
    .map(({ type, status, reason = '', message = '' }) => ({ type, status, reason, message }));
}

/** Nobody else gives a kind of interruption as the reason. */
export function ownConditions(shown: readonly ShownCondition[]): readonly ShownCondition[] {
  return shown.filter(({ type, reason }) => types.some((known) => known === type) && kinds.has(reason));
}

/**
 * The items of a strategic merge patch that bring a Node's conditions in line with what is wanted; none where they
 * are. A condition of these types that somebody else has set stays as it is.
 */
export function conditionChanges(
  shown: readonly ShownCondition[],
  wanted: readonly NodeCondition[],
  time: string,
): readonly object[] {
  const own = ownConditions(shown);
  return types.flatMap((type): object[] => {
    const before = own.find((it) => it.type === type);
    const next = wanted.find((it) => it.type === type);
    if (!before && shown.some((it) => it.type === type)) return [];
    if (!next) return before ? [{ type, $patch: 'delete' }] : [];
    const { reason, message } = next;
    const status = next.isTrue ? 'True' : 'False';
    if (before?.status === status && before.reason === reason && before.message === message) return [];
    const since = before?.status === status ? {} : { lastTransitionTime: time };
    return [{ type, status, reason, message, lastHeartbeatTime: time, ...since }];
  });
}
