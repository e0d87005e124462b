import type { Cluster } from '../parts/cluster.ts';
import type { ClusterRole } from './workload.ts';

/** Of a ClusterRole, as `verb resource`. */
export function grantedRights({ rules }: ClusterRole): string[] {
  return rules
    .flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    )
    .sort();
}

/** What an account asked of the API server, from its audit log, and what of that was refused for want of a right. */
export async function usedRights(
  cluster: Cluster,
  user: string,
): Promise<{ used: string[]; missing: string[] }> {
  await cluster.audit.quiet();
  const calls = (await cluster.audit.events({ user })).filter(({ resource }) => resource !== '');
  const rights = calls.map(({ verb, resource, subresource, statusCode }) => ({
    right: `${verb} ${subresource === '' ? resource : `${resource}/${subresource}`}`,
    isRefused: statusCode === 403,
  }));
  return {
    used: [...new Set(rights.map(({ right }) => right))].sort(),
    missing: [...new Set(rights.filter(({ isRefused }) => isRefused).map(({ right }) => right))].sort(),
  };
}
