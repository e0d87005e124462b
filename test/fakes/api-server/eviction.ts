import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../src/clock.ts';
import { budgetsOf, spend } from './budget-check.ts';
import { withCondition } from './conditions.ts';
import { checkPreconditions, deletePod, type DeleteOptions } from './deletion.ts';
import { ApiError, badRequest, success, type Status } from './errors.ts';
import { isFinished, isReady, isTerminating, timestamp, type PodObject, without } from './objects.ts';
import { pods } from './resources.ts';
import type { Store } from './store.ts';

interface Eviction {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly deleteOptions?: DeleteOptions;
}

export interface EvictionModules {
  readonly store: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The server tries again for 10 s where a precondition fails on a pod that no budget guards. */
const tries = 20;
const tryAgainAfterMs = 525;

export function checkEviction(eviction: Eviction, podName: string, versions: readonly string[]): void {
  const { apiVersion = '', kind = '' } = eviction;
  // A server that knows policy/v1 has never stopped taking the older one here.
  const known = versions.includes('v1') ? ['policy/v1', 'policy/v1beta1'] : ['policy/v1beta1'];
  if (kind !== 'Eviction' || !known.includes(apiVersion)) {
    const [version = ''] = apiVersion.split('/').slice(-1);
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a Eviction: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  if ((eviction.metadata?.name ?? '') !== podName) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
}

/** `pods/eviction`, in the order in which the real server looks at things: the budget before the UID. */
export async function evictPod(
  modules: EvictionModules,
  pod: { name: string; namespace: string },
  options: DeleteOptions,
): Promise<Status> {
  for (let left = tries; ; left -= 1) {
    const current = modules.store.get(pods, pod.name, pod.namespace);
    if (!ignoresBudgets(current)) return evictGuarded(modules, current, options);
    try {
      markAndDelete(modules, current, options);
      return success;
    } catch (error) {
      if (left === 1 || options.preconditions?.resourceVersion !== undefined || !isConflict(error))
        throw error;
    }
    await modules.clock.sleep(tryAgainAfterMs, modules.signal);
  }
}

function evictGuarded(modules: EvictionModules, pod: PodObject, options: DeleteOptions): Status {
  const [budget, ...others] = budgetsOf(modules.store, pod);
  if (others.length > 0) {
    const message =
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new ApiError(500, undefined, message);
  }
  if (budget !== undefined) {
    const { currentHealthy, desiredHealthy } = budget.status;
    const isSpare =
      budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' ||
      (currentHealthy >= desiredHealthy && desiredHealthy > 0);
    if (isReady(pod) || !isSpare) spend(modules, budget, pod.metadata.name, isDryRun(options));
  }
  markAndDelete(modules, pod, options);
  return success;
}

function markAndDelete({ store, clock }: EvictionModules, pod: PodObject, options: DeleteOptions): void {
  checkPreconditions(pods, pod, options);
  if (isDryRun(options)) return;
  const conditions = withCondition(pod.status.conditions, {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: timestamp(clock.now()),
  });
  const marked = isDeepStrictEqual(conditions, pod.status.conditions)
    ? pod
    : store.update(pods, { ...pod, status: { ...pod.status, conditions } });
  deletePod({ store, clock }, marked, {
    ...options,
    preconditions: without(options.preconditions ?? {}, 'resourceVersion'),
  });
}

function ignoresBudgets(pod: PodObject): boolean {
  return isFinished(pod) || pod.status.phase === 'Pending' || isTerminating(pod);
}

function isDryRun({ dryRun = [] }: DeleteOptions): boolean {
  return dryRun.length > 0;
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status.code === 409;
}
