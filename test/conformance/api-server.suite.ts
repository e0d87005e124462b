import { Scene } from './scene.ts';
import { accessSuite } from './suites/access.ts';
import { answersSuite } from './suites/answers.ts';
import { budgetControllerSuite as budgetControllerTests } from './suites/budget-controller.ts';
import { budgetsSuite } from './suites/budgets.ts';
import { deletionSuite } from './suites/deletion.ts';
import { eventsSuite } from './suites/events.ts';
import { evictionsSuite } from './suites/evictions.ts';
import { listsSuite } from './suites/lists.ts';
import { nodesSuite } from './suites/nodes.ts';
import { watchesSuite } from './suites/watches.ts';
import type { Target } from './target.ts';

/** Registers the questions that the fake and the real API server must answer alike. */
export function apiServerSuite(start: () => Promise<Target>): void {
  const scene = Scene.of(start);
  answersSuite(scene);
  accessSuite(scene);
  nodesSuite(scene);
  eventsSuite(scene);
  listsSuite(scene);
  watchesSuite(scene);
  deletionSuite(scene);
  evictionsSuite(scene);
  budgetsSuite(scene);
}

/** What only a cluster with a disruption controller can answer. */
export function budgetControllerSuite(start: () => Promise<Target>): void {
  budgetControllerTests(Scene.of(start));
}
