import type { Clock } from '../clock.ts';
import type { BudgetView, Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';
import { budgetReason, budgetsOf } from './budgets.ts';

/**
 * The disruption controller gives a budget back after this, if the pod is still there.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/disruption/disruption.go
 */
const countedForMs = 120_000;

/** A budget that lets pods go, as far as is known. */
export interface FreerBudget {
  readonly budget: BudgetView;
  /** How many pods it lets go now. */
  readonly allows: number;
}

export interface BudgetWatchModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly urgency: Urgency;
}

/** Told of budgets that may let pods go now. */
export interface BudgetListener {
  onAllowed(freer: readonly FreerBudget[]): void;
}

/**
 * What is known of the budgets that hold pods of this drain: nothing is asked until an eviction was refused, then
 * the budgets of its namespace are listed and watched, so that the pod is asked again as soon as one allows it.
 */
export class BudgetWatch {
  readonly #modules: BudgetWatchModules;
  readonly #listener: BudgetListener;
  /** undefined while nothing was refused, as in most drains. */
  #namespaces: Map<string, readonly BudgetView[] | undefined> | undefined;

  constructor(listener: BudgetListener, modules: BudgetWatchModules) {
    this.#listener = listener;
    this.#modules = modules;
  }

  /** An eviction in this namespace was refused. @returns the watch, where it was not running; ends with the signal */
  watch(namespace: string, signal: AbortSignal): Promise<void> | undefined {
    this.#namespaces ??= new Map();
    if (this.#namespaces.has(namespace)) return undefined;
    this.#namespaces.set(namespace, undefined);
    return this.#follow(namespace, this.#namespaces, signal);
  }

  /**
   * Whether a budget has already counted the pod's eviction, although the pod was not deleted: the API server was
   * interrupted between the two, and would refuse every eviction for two minutes. What is left to do is to delete it.
   * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/
   */
  isPaidFor(pod: PodView): boolean {
    const now = this.#modules.clock.now();
    return this.of(pod).some((budget) => {
      const countedAt = budget.disruptedPods.get(pod.name);
      // What we know may be old, where the watch is broken.
      return countedAt !== undefined && countedAt >= pod.createdAt && now < countedAt + countedForMs;
    });
  }

  /** Why the pod is held; undefined where the budgets are not known. */
  reason(pod: PodView): string | undefined {
    const budgets = this.of(pod);
    return budgets.length === 0 ? undefined : budgetReason(budgets);
  }

  /** The budgets that the pod falls under, where they are known. */
  of(pod: PodView): readonly BudgetView[] {
    return budgetsOf(pod, this.#namespaces?.get(pod.namespace) ?? []);
  }

  async #follow(
    namespace: string,
    known: Map<string, readonly BudgetView[] | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, urgency } = this.#modules;
    for await (const budgets of cluster.budgetsIn(namespace, urgency, signal)) {
      const before = known.get(namespace) ?? [];
      known.set(namespace, budgets);
      const freer = freerBudgets(budgets, before);
      if (freer.length > 0) this.#listener.onAllowed(freer);
    }
  }
}

function freerBudgets(budgets: readonly BudgetView[], before: readonly BudgetView[]): FreerBudget[] {
  const then = new Map(before.map((budget) => [budget.uid, budget]));
  const freer: FreerBudget[] = [];
  for (const budget of budgets) {
    const { disruptionsAllowed: allows } = budget;
    // Not only where it allows more than before: changes that come in a heap are told together.
    if (allows > 0 && then.get(budget.uid) !== budget) freer.push({ budget, allows });
    then.delete(budget.uid);
  }
  // Those that have been deleted.
  for (const budget of then.values()) freer.push({ budget, allows: Infinity });
  return freer;
}
