import type { Clock } from '../../../src/clock.ts';
import { failedPrecondition } from './errors.ts';
import { isFinished, isTerminating, timestamp, type ApiObject, type PodObject } from './objects.ts';
import { namespaces, pods, type ResourceType } from './resources.ts';
import type { Store } from './store.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

export interface StoreAndClock {
  readonly store: Store;
  readonly clock: Clock;
}

export function checkPreconditions(
  type: ResourceType,
  { metadata }: ApiObject,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== '' && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw failedPrecondition(type, metadata.name, why);
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== metadata.resourceVersion
  ) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw failedPrecondition(type, metadata.name, why);
  }
}

/** Deletes gracefully: the pod stays, marked, until its kubelet has stopped it, unless nothing is left to stop. */
export function deletePod(modules: StoreAndClock, pod: PodObject, options: DeleteOptions): PodObject {
  checkPreconditions(pods, pod, options);
  const terms = isTerminating(pod) ? shortened(pod, options) : fresh(modules.clock, pod, options);
  if (terms === undefined || (options.dryRun ?? []).length > 0) return pod;
  const marked = modules.store.update(pods, { ...pod, metadata: { ...pod.metadata, ...terms } });
  return removeIfDone(modules.store, pods, marked);
}

/** Removes what is marked, needs no more time and is held by no finalizer. */
export function removeIfDone<T extends ApiObject>(store: Store, type: ResourceType<T>, object: T): T {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  const isDone =
    deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0;
  return isDone ? store.remove(type, object) : object;
}

/** Everything but pods is gone at once, unless a finalizer holds it. */
export function deleteObject(
  modules: StoreAndClock,
  type: ResourceType,
  object: ApiObject,
  options: DeleteOptions,
) {
  checkPreconditions(type, object, options);
  if (isTerminating(object)) return object;
  if (type === namespaces) return terminateNamespace(modules, object);
  if ((object.metadata.finalizers ?? []).length === 0) return modules.store.remove(type, object);
  const terms = { deletionTimestamp: timestamp(modules.clock.now()), deletionGracePeriodSeconds: 0 };
  return modules.store.update(type, { ...object, metadata: { ...object.metadata, ...terms } });
}

/** Its controller would empty it first, and there is none. */
export function terminateNamespace({ store, clock }: StoreAndClock, namespace: ApiObject): ApiObject {
  const metadata = { ...namespace.metadata, deletionTimestamp: timestamp(clock.now()) };
  return store.update(namespaces, { ...namespace, metadata, status: { phase: 'Terminating' } });
}

type Terms = Pick<ApiObject['metadata'], 'deletionTimestamp' | 'deletionGracePeriodSeconds' | 'generation'>;

function fresh(clock: Clock, pod: PodObject, options: DeleteOptions): Terms {
  const asked = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  const nothingRuns = (pod.spec.nodeName ?? '') === '' || isFinished(pod);
  const seconds = nothingRuns ? 0 : asked < 0 ? 1 : asked;
  const { generation = 0 } = pod.metadata;
  return {
    deletionTimestamp: timestamp(clock.now() + seconds * 1000),
    deletionGracePeriodSeconds: seconds,
    ...(generation > 0 && { generation: generation + 1 }),
  };
}

/** A second deletion can only take time away. */
function shortened(
  { metadata }: PodObject,
  { gracePeriodSeconds: seconds }: DeleteOptions,
): Terms | undefined {
  const { deletionGracePeriodSeconds: current = 0, deletionTimestamp = '' } = metadata;
  if (seconds === undefined || seconds >= current) return undefined;
  const askedAt = Date.parse(deletionTimestamp) - current * 1000;
  return { deletionTimestamp: timestamp(askedAt + seconds * 1000), deletionGracePeriodSeconds: seconds };
}
