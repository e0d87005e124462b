import type { BudgetView, Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';
import { budgetReason, budgetsOf } from './budgets.ts';

/**
 * What is known of the budgets that hold pods of this drain: nothing is asked until an eviction was refused, then
 * the budgets of its namespace are listed and watched, so that the pod is asked again as soon as one allows it.
 */
export class BudgetWatch {
  readonly #modules: { readonly cluster: Cluster; readonly urgency: () => Urgency };
  readonly #onAllowed: (namespace: string) => void;
  readonly #namespaces = new Map<string, readonly BudgetView[] | undefined>();

  constructor(
    options: { readonly onAllowed: (namespace: string) => void },
    modules: { readonly cluster: Cluster; readonly urgency: () => Urgency },
  ) {
    this.#onAllowed = options.onAllowed;
    this.#modules = modules;
  }

  /** An eviction in this namespace was refused. @returns the watch, where it was not running; ends with the signal */
  watch(namespace: string, signal: AbortSignal): Promise<void> | undefined {
    if (this.#namespaces.has(namespace)) return undefined;
    this.#namespaces.set(namespace, undefined);
    return this.#follow(namespace, signal);
  }

  /**
   * Whether a budget has already counted the pod's eviction, although the pod was not deleted: the API server was
   * interrupted between the two, and would refuse every eviction for two minutes. What is left to do is to delete it.
   * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/
   */
  isPaidFor(pod: PodView): boolean {
    return this.of(pod).some((budget) => {
      const countedAt = budget.disruptedPods.get(pod.name);
      return countedAt !== undefined && countedAt >= pod.createdAt;
    });
  }

  /** Why the pod is held; undefined where the budgets are not known. */
  reason(pod: PodView): string | undefined {
    const budgets = this.of(pod);
    return budgets.length === 0 ? undefined : budgetReason(budgets);
  }

  /** The budgets that the pod falls under, where they are known. */
  of(pod: PodView): readonly BudgetView[] {
    return budgetsOf(pod, this.#namespaces.get(pod.namespace) ?? []);
  }

  async #follow(namespace: string, signal: AbortSignal): Promise<void> {
    const { cluster, urgency } = this.#modules;
    for await (const budgets of cluster.budgetsIn(namespace, urgency(), signal)) {
      const before = this.#namespaces.get(namespace);
      this.#namespaces.set(namespace, budgets);
      if (before !== undefined && budgets.some((budget) => allowsMore(budget, before))) {
        this.#onAllowed(namespace);
      }
    }
  }
}

function allowsMore(budget: BudgetView, before: readonly BudgetView[]): boolean {
  const then = before.find((it) => it.name === budget.name)?.disruptionsAllowed ?? 0;
  return budget.disruptionsAllowed > then;
}
