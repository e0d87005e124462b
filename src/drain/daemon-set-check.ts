import type { Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';

/**
 * Which DaemonSets of the node's pods exist no more: their pods leave. Asked once for each DaemonSet, off the hot
 * path; what can't be found out counts as existing.
 */
export class DaemonSetCheck {
  readonly deleted = new Set<string>();
  readonly #cluster: Cluster;
  readonly #checked = new Set<string>();
  #running = 0;

  constructor(modules: { readonly cluster: Cluster }) {
    this.#cluster = modules.cluster;
  }

  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** @returns a check for each DaemonSet that is new among these pods; each tells whether it was deleted */
  begin(pods: readonly PodView[], urgency: Urgency, signal: AbortSignal): Promise<boolean>[] {
    const checks: Promise<boolean>[] = [];
    for (const { namespace, owner } of pods) {
      if (owner?.kind !== 'DaemonSet' || this.#checked.has(owner.uid)) continue;
      this.#checked.add(owner.uid);
      this.#running += 1;
      checks.push(this.#check(namespace, owner.name, owner.uid, urgency, signal));
    }
    return checks;
  }

  async #check(
    namespace: string,
    name: string,
    uid: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<boolean> {
    const exists = await this.#cluster.daemonSetExists(namespace, name, urgency, signal);
    this.#running -= 1;
    if (!exists) this.deleted.add(uid);
    return !exists;
  }
}
