import type { Clock } from '../../../src/clock.ts';
import { BudgetController } from './budget-controller.ts';
import { Controllers } from './controllers.ts';
import { Kubelets } from './kubelets.ts';
import { Seeding } from './seeding.ts';
import { Store } from './store.ts';
import { Timers } from './timers.ts';

export type FakeCluster = ReturnType<typeof createCluster>;

/** What lives behind the API server: the objects and, where wanted, those who change them by themselves. */
export function createCluster(clock: Clock, automation: boolean) {
  const timers = new Timers(clock);
  const store = new Store(clock);
  const kubelets = new Kubelets({ store, clock, timers });
  const controllers = new Controllers({ store, clock, kubelets });
  const budgetController = new BudgetController({ store, clock, timers });
  if (automation) {
    kubelets.start();
    controllers.start();
    budgetController.start();
  }
  const seeding = new Seeding({ store, clock, kubelets, budgetController });
  return { clock, timers, store, kubelets, controllers, budgetController, seeding };
}
