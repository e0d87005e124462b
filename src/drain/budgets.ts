import type { BudgetView, LabelSelector, PodView } from '../kubernetes/cluster.ts';

/** The budgets that a pod falls under. More than one make the API server answer every eviction with HTTP 500. */
export function budgetsOf(pod: PodView, budgets: readonly BudgetView[]): BudgetView[] {
  return budgets.filter(
    (budget) => budget.namespace === pod.namespace && matches(budget.selector, pod.labels),
  );
}

/** Why a budget, or two of them, hold a pod; in the operator's words. */
export function budgetReason(budgets: readonly BudgetView[]): string {
  const [budget, ...others] = budgets;
  if (!budget) return 'held by a disruption budget';
  const name = `${budget.namespace}/${budget.name}`;
  if (others.length > 0) {
    const names = budgets.map((it) => `${it.namespace}/${it.name}`).join(', ');
    return `held by ${budgets.length} disruption budgets at once (${names}), which Kubernetes does not support`;
  }
  return `held by disruption budget ${name}: needs ${budget.desiredHealthy} healthy, has ${budget.currentHealthy}`;
}

/** An empty selector of a policy/v1 budget selects every pod of its namespace. */
function matches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
