import type { Condition } from './objects.ts';

/** The conditions with one of them set, its transition noted where the status differs. */
export function withCondition(conditions: readonly Condition[] = [], condition: Condition): Condition[] {
  const before = conditions.find(({ type }) => type === condition.type);
  if (before === undefined) return [...conditions, condition];
  const { lastTransitionTime } = before.status === condition.status ? before : condition;
  const next = { ...condition, ...(lastTransitionTime !== undefined && { lastTransitionTime }) };
  return conditions.map((existing) => (existing === before ? next : existing));
}
