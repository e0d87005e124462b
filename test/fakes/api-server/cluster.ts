import type { Clock } from '../../../src/clock.ts';
import { BudgetController } from './budget-controller.ts';
import { Controllers } from './controllers.ts';
import { Kubelets } from './kubelets.ts';
import { Seeding } from './seeding.ts';
import { Store } from './store.ts';
import { Timers } from './timers.ts';

export type FakeCluster = ReturnType<typeof createCluster>;

/** Kubelets stop pods, controllers replace them, `budgets` is the disruption controller. */
export type Automation = 'kubelets' | 'controllers' | 'budgets';

/** What lives behind the API server: the objects, and who changes them by himself. */
export function createCluster(
  clock: Clock,
  automation: readonly Automation[] = ['kubelets', 'controllers', 'budgets'],
) {
  const timers = new Timers(clock);
  const store = new Store(clock);
  const kubelets = new Kubelets({ store, clock, timers });
  const controllers = new Controllers({ store, clock, kubelets });
  const budgetController = new BudgetController({ store, clock, timers });
  if (automation.includes('kubelets')) kubelets.start();
  if (automation.includes('controllers')) controllers.start();
  if (automation.includes('budgets')) budgetController.start();
  const seeding = new Seeding({ store, clock, kubelets, budgetController });
  return { clock, timers, store, kubelets, controllers, budgetController, seeding };
}
