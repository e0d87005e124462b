import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import type { PodChange } from '../../src/kubernetes/cluster.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { clientOverFake } from './client-over-fake.ts';

/** So many nodes have a watch of their own; the next ones share one. */
export const nodesWithOwnWatch = 8;

export interface FollowedPods {
  /** `all web-1 web-2`, `present web-1`, `gone <uid>`. */
  readonly changes: string[];
  hasFailed(): boolean;
  stop(): void;
}

/** Follows the pods of nodes over a fake API server; those of `nodesWithOwnWatch` nodes already. */
export async function followingPods(options: { readonly readNamespaceAnnotations?: boolean } = {}) {
  const parts = await clientOverFake();
  const { clock, api } = parts;
  const cluster = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: options.readNamespaceAnnotations ?? false,
      taintEffect: undefined,
      excludeFromLoadBalancers: false,
    },
    parts,
  );
  const followed: { readonly stop: AbortController; readonly ended: Promise<unknown> }[] = [];
  const follow = (node: string): FollowedPods => {
    const stop = new AbortController();
    const changes: string[] = [];
    const take = (change: PodChange): void => void changes.push(asText(change));
    let hasFailed = false;
    const fail = (): void => {
      hasFailed = true;
    };
    followed.push({ stop, ended: cluster.followPods(node, 1, take, stop.signal).catch(fail) });
    return {
      changes,
      hasFailed: () => hasFailed,
      stop: () => stop.abort(new Error('the drain has ended')),
    };
  };
  const own = Array.from({ length: nodesWithOwnWatch }, (_, number) => follow(`own-${number}`));
  await clock.settle();
  const isShared = ({ verb, path }: LoggedRequest): boolean =>
    verb === 'watch' && path.includes('fieldSelector=spec.nodeName%21%3D&');
  const isListOf =
    (node: string) =>
    ({ verb, path }: LoggedRequest): boolean =>
      verb === 'list' && path.includes(`fieldSelector=spec.nodeName%3D${node}&`);
  return {
    clock,
    api,
    cluster,
    warnings: parts.warnings,
    own,
    follow,
    sharedWatches: () => api.requests.filter(isShared),
    lists: (node: string) => api.requests.filter(isListOf(node)),
    isListOf,
    isShared,
    async [Symbol.asyncDispose]() {
      for (const { stop } of followed) stop.abort();
      await Promise.all(followed.map(({ ended }) => ended));
      await parts[Symbol.asyncDispose]();
    },
  };
}

function asText(change: PodChange): string {
  if (change.type === 'all') return ['all', ...change.pods.map(({ name }) => name)].join(' ');
  return change.type === 'gone'
    ? 'gone'
    : `present ${change.pod.name}${change.pod.deletionAt === undefined ? '' : ' ending'}`;
}
