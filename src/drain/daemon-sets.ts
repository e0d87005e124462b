import type { Clock } from '../clock.ts';
import type { Cluster, PodView, Urgency } from '../kubernetes/cluster.ts';
import { TimeLimit } from '../time-limit.ts';

export interface DaemonSetsModules {
  readonly clock: Clock;
  readonly cluster: Pick<Cluster, 'daemonSetExists'>;
}

/** A server in trouble is asked again after 100 ms, then twice as long each time. */
const shortestBackOffMs = 100;

/** For so long, since a drain waits for it: then the DaemonSet counts as there. */
const askAgainMs = 10_000;

const none: ReadonlySet<string> = new Set();

/** Finds the DaemonSets that exist no more: nobody would put their pods back, so these leave. */
export class DaemonSets {
  readonly #modules: DaemonSetsModules;
  #checked: ReadonlySet<string> = none;
  #deleted: ReadonlySet<string> = none;

  constructor(modules: DaemonSetsModules) {
    this.#modules = modules;
  }

  /** uids of those that are known to exist no more. */
  get deleted(): ReadonlySet<string> {
    return this.#deleted;
  }

  /** Asks about each DaemonSet of the pods until that is answered. @returns one promise each: whether it turned out to be deleted */
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
    const { cluster } = this.#modules;
    const ask = (until: AbortSignal) => cluster.daemonSetExists(namespace, name, urgency, until);
    const exists = (await ask(signal)) ?? (await this.#askAgain(ask, signal));
    if (exists !== false) return false;
    this.#deleted = new Set([...this.#deleted, uid]);
    return true;
  }

  async #askAgain(
    ask: (until: AbortSignal) => Promise<boolean | undefined>,
    signal: AbortSignal,
  ): Promise<boolean | undefined> {
    const { clock } = this.#modules;
    const limit = new TimeLimit(clock, signal);
    limit.restart(askAgainMs);
    try {
      for (let backOffMs = shortestBackOffMs; ; backOffMs *= 2) {
        await clock.sleep(backOffMs, limit.signal);
        const exists = await ask(limit.signal);
        if (exists !== undefined) return exists;
      }
    } catch {
      signal.throwIfAborted();
      return undefined;
    } finally {
      limit.end();
    }
  }
}
