import type { Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';

const none: ReadonlySet<string> = new Set();

/** Finds the DaemonSets that exist no more: nobody would put their pods back, so these leave. */
export class DaemonSets {
  readonly #modules: { readonly cluster: Pick<Cluster, 'daemonSetExists'> };
  #checked: ReadonlySet<string> = none;
  #deleted: ReadonlySet<string> = none;

  constructor(modules: { readonly cluster: Pick<Cluster, 'daemonSetExists'> }) {
    this.#modules = modules;
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
      this.#checked = new Set([...this.#checked, owner.uid]);
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
    if (await this.#modules.cluster.daemonSetExists(namespace, name, urgency, signal)) return false;
    this.#deleted = new Set([...this.#deleted, uid]);
    return true;
  }
}
