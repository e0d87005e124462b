import type { Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';

/** Finds the DaemonSets that exist no more: nobody would put their pods back, so these leave. */
export class DaemonSets {
  readonly #cluster: Pick<Cluster, 'daemonSetExists'>;
  readonly #checked = new Set<string>();
  readonly #deleted = new Set<string>();

  constructor(cluster: Pick<Cluster, 'daemonSetExists'>) {
    this.#cluster = cluster;
  }

  /** uids of those that are known to exist no more. */
  get deleted(): ReadonlySet<string> {
    return this.#deleted;
  }

  /** Asks about each DaemonSet of the pods once. @returns one promise each: whether it turned out to be deleted */
  check(pods: readonly PodView[], urgency: Urgency, signal: AbortSignal): Promise<boolean>[] {
    const checks: Promise<boolean>[] = [];
    for (const { namespace, owner } of pods) {
      if (owner?.kind !== 'DaemonSet' || this.#checked.has(owner.uid)) continue;
      this.#checked.add(owner.uid);
      checks.push(this.#isDeleted(namespace, owner.name, owner.uid, urgency, signal));
    }
    return checks;
  }

  async #isDeleted(
    namespace: string,
    name: string,
    uid: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (await this.#cluster.daemonSetExists(namespace, name, urgency, signal)) return false;
    this.#deleted.add(uid);
    return true;
  }
}
