import type { Clock } from '../../../src/clock.ts';
import { ApiError } from './errors.ts';
import { timestamp, type BudgetObject, type PodObject } from './objects.ts';
import { budgets } from './resources.ts';
import { selectorMatches } from './selectors.ts';
import type { Store } from './store.ts';

export function budgetsOf(store: Store, { metadata }: PodObject): BudgetObject[] {
  const all = store.list(budgets, metadata.namespace ?? '');
  return all.filter(({ spec }) => selectorMatches(spec.selector, metadata.labels ?? {}));
}

/** Takes one disruption from the budget. @throws 429 when it has none. */
export function spend(
  { store, clock }: { store: Store; clock: Clock },
  budget: BudgetObject,
  podName: string,
  isDryRun: boolean,
): void {
  const { metadata, status } = budget;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw tooManyRequests(
      `The disruption budget ${metadata.name} is still being processed by the server.`,
      10,
    );
  }
  if (status.disruptionsAllowed === 0) throw tooManyRequests(whyNot(budget), undefined);
  if (isDryRun) return;
  const disruptedPods = { ...status.disruptedPods, [podName]: timestamp(clock.now()) };
  const disruptionsAllowed = status.disruptionsAllowed - 1;
  store.update(budgets, { ...budget, status: { ...status, disruptionsAllowed, disruptedPods } });
}

function whyNot({ metadata, status }: BudgetObject): string {
  const { currentHealthy, desiredHealthy, conditions = [] } = status;
  const start = `The disruption budget ${metadata.name}`;
  const { reason, message } = conditions.find(({ type }) => type === 'DisruptionAllowed') ?? {};
  if (reason === 'SyncFailed') {
    return `${start} does not allow evicting pods currently because it failed sync: ${message}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `${start} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return `${start} does not allow evicting pods currently`;
}

function tooManyRequests(message: string, retryAfterSeconds: number | undefined): ApiError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return new ApiError(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    retryAfterSeconds === undefined ? { causes } : { causes, retryAfterSeconds },
  );
}
