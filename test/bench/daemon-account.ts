import { join } from 'node:path';
import { MountedAccount } from '../e2e/mounted-account.ts';
import { neededRights, rightsToTell, type Rule, ServiceAccount } from '../e2e/service-account.ts';
import type { Cluster } from '../parts/cluster.ts';

const namespace = 'kube-system';

export interface DaemonAccount {
  /** Its name in the audit log. */
  readonly user: string;
  readonly token: string;
  /** Holds the credentials as a pod finds them. */
  readonly folder: string;
  /** Runs the rest of a command line where the credentials are mounted as in a pod. */
  readonly wrapper: readonly string[];
}

/** A ServiceAccount with the rights that the daemon needs in the chart's environment, and no more. */
export async function createDaemonAccount(
  cluster: Cluster,
  name: string,
  rules: readonly Rule[] = [...neededRights, ...rightsToTell],
): Promise<DaemonAccount> {
  await cluster.createNamespace(namespace);
  const account = await ServiceAccount.create(cluster, { namespace, name, rules });
  const token = await account.token();
  const folder = join(cluster.folder, `account-${name}`);
  const { wrapper } = new MountedAccount(folder, { token, ca: cluster.ca, namespace });
  return { user: account.user, token, folder, wrapper };
}
