import type { Clock } from '../../../src/clock.ts';
import { withCondition } from './conditions.ts';
import {
  controllerOf,
  isReady,
  isTerminating,
  timestamp,
  type BudgetObject,
  type PodObject,
  without,
  type Condition,
} from './objects.ts';
import { budgets, pods, replicaSets, statefulSets } from './resources.ts';
import { selectorMatches } from './selectors.ts';
import type { Change, Store } from './store.ts';
import type { Timers } from './timers.ts';

/** A disruption that nobody sees after so long is taken as one that didn't happen. */
const disruptionTimeoutMs = 120_000;

/** Keeps the status of budgets, as the disruption controller does. */
export class BudgetController {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #paused = new Set<string>();
  /** How long the controller takes to see a change; 0 = at once. */
  syncMs = 0;

  constructor(modules: { store: Store; clock: Clock; timers: Timers }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#timers = modules.timers;
  }

  /** Acts from now on. */
  start(): void {
    this.#store.onChange((change) => this.#see(change));
  }

  /** The controller doesn't look at the budget until `resume`, so a new one stays unobserved. */
  pause(namespace: string, name: string): void {
    this.#paused.add(`${namespace}/${name}`);
  }

  resume(namespace: string, name: string): void {
    this.#paused.delete(`${namespace}/${name}`);
    this.#sync(namespace);
  }

  #see({ type, object }: Change): void {
    const { namespace } = object.metadata;
    if (namespace === undefined || (type !== pods && type !== budgets)) return;
    if (this.syncMs === 0) this.#sync(namespace);
    else this.#timers.after(this.syncMs, () => this.#sync(namespace));
  }

  #sync(namespace: string): void {
    for (const budget of this.#store.list(budgets, namespace)) {
      if (!this.#paused.has(`${namespace}/${budget.metadata.name}`)) this.#syncOne(budget, namespace);
    }
  }

  #syncOne(budget: BudgetObject, namespace: string): void {
    const matching = this.#store
      .list(pods, namespace)
      .filter(({ metadata }) => selectorMatches(budget.spec.selector, metadata.labels ?? {}));
    const disruptedPods = this.#stillDisrupted(budget, matching);
    const healthy = matching.filter(
      (pod) => !isTerminating(pod) && isReady(pod) && !(pod.metadata.name in disruptedPods),
    ).length;
    const terms = this.#terms(budget, matching, namespace);
    if (typeof terms === 'string') return this.#fail(budget, terms);
    const { expectedPods, desiredHealthy } = terms;
    const spare = Math.max(0, healthy - desiredHealthy);
    const disruptionsAllowed = expectedPods > 0 ? spare : 0;
    const reason = disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods';
    this.#store.update(budgets, {
      ...budget,
      status: {
        ...without(budget.status, 'disruptedPods'),
        disruptionsAllowed,
        currentHealthy: healthy,
        desiredHealthy,
        expectedPods,
        ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
        observedGeneration: budget.metadata.generation ?? 0,
        conditions: this.#conditions(budget, reason, ''),
      },
    });
  }

  /** All that is known stays as it was, but nothing is allowed; a new budget stays unobserved. */
  #fail(budget: BudgetObject, why: string): void {
    const conditions = this.#conditions(budget, 'SyncFailed', why);
    this.#store.update(budgets, {
      ...budget,
      status: { ...budget.status, disruptionsAllowed: 0, conditions },
    });
  }

  #conditions({ metadata, status }: BudgetObject, reason: string, message: string): Condition[] {
    return withCondition(status.conditions, {
      type: 'DisruptionAllowed',
      status: reason === 'SufficientPods' ? 'True' : 'False',
      reason,
      message,
      lastTransitionTime: timestamp(this.#clock.now()),
      observedGeneration: metadata.generation ?? 0,
    });
  }

  #stillDisrupted(
    { status, metadata }: BudgetObject,
    matching: readonly PodObject[],
  ): Record<string, string> {
    const names = new Set(matching.filter((pod) => !isTerminating(pod)).map((pod) => pod.metadata.name));
    const still = Object.entries(status.disruptedPods ?? {}).filter(
      ([name, at]) => names.has(name) && Date.parse(at) + disruptionTimeoutMs > this.#clock.now(),
    );
    const { namespace = '' } = metadata;
    // Looked at again when the disruption times out, for nothing else may change until then.
    if (still.length > 0) this.#timers.after(disruptionTimeoutMs, () => this.#sync(namespace));
    return Object.fromEntries(still);
  }

  /** How many are wanted, or why that can't be told. */
  #terms(
    { spec }: BudgetObject,
    matching: readonly PodObject[],
    namespace: string,
  ): { expectedPods: number; desiredHealthy: number } | string {
    const { minAvailable, maxUnavailable } = spec;
    if (maxUnavailable === undefined && typeof minAvailable === 'number') {
      return { expectedPods: matching.length, desiredHealthy: minAvailable };
    }
    const expectedPods = this.#scale(matching, namespace);
    if (typeof expectedPods === 'string') return expectedPods;
    if (maxUnavailable === undefined) {
      return { expectedPods, desiredHealthy: scaled(minAvailable ?? 0, expectedPods) };
    }
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - scaled(maxUnavailable, expectedPods)) };
  }

  /** The replicas wanted by the controllers of the pods; a pod without one adds none. */
  #scale(matching: readonly PodObject[], namespace: string): number | string {
    const replicas = new Map<string, number>();
    for (const pod of matching) {
      const owner = controllerOf(pod);
      if (owner === undefined) continue;
      const type = [replicaSets, statefulSets].find(({ kind }) => kind === owner.kind);
      const found = type && this.#store.find(type, owner.name, namespace);
      if (found === undefined) return `found no controllers for pod "${pod.metadata.name}"`;
      replicas.set(owner.uid, (found.spec as { replicas?: number }).replicas ?? 1);
    }
    return [...replicas.values()].reduce((sum, count) => sum + count, 0);
  }
}

function scaled(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseFloat(value) / 100) * total);
}
