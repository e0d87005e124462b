import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type ConditionSink, type NodeCondition } from './cluster.ts';
import { conditionChanges, type ShownCondition } from './node-condition-patch.ts';
import { isNotFound } from './status.ts';

export interface NodeConditionsModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
}

/** After a failure, then twice as long each time. */
const shortestBackOffMs = 1_000;
const longestBackOffMs = 60_000;

/** About four minutes. */
const mostFailures = 8;

/** What the last write showed spares a read, for nodes of a time; somebody else may have written since. */
const reuseMs = 600_000;
const mostKnown = 200;

/** Without the right nothing is tried for this long; somebody may have given it meanwhile. */
const pauseWithoutRightMs = 600_000;

interface NodeObject {
  readonly status?: { readonly conditions?: readonly ShownCondition[] };
}

/**
 * Writes the conditions by which `kubectl describe node` tells of a drain, in the background: one GET of the Node, and a
 * PATCH of its status for each change. A kubelet's conditions, and those of others, are left alone.
 * https://kubernetes.io/docs/reference/node/node-status/#condition
 */
export class NodeConditions implements ConditionSink {
  readonly #modules: NodeConditionsModules;
  /** What is wanted of nodes that are not known to have it. */
  readonly #wanted = new Map<string, readonly NodeCondition[]>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #known = new Map<
    string,
    { readonly conditions: readonly ShownCondition[]; readonly at: number }
  >();
  readonly #ended = new AbortController();
  #pausedFrom = 0;
  #pausedUntil = 0;
  #isTold = false;

  constructor(modules: NodeConditionsModules) {
    this.#modules = modules;
  }

  set(node: string, conditions: readonly NodeCondition[]): void {
    if (this.#ended.signal.aborted || this.#isPaused()) return;
    this.#wanted.set(node, conditions);
    if (!this.#writing.has(node)) this.#writing.set(node, this.#writeAll(node));
  }

  /** What is being written is waited for, but not for longer: nothing depends on it. */
  async end(withinMs: number): Promise<void> {
    const { clock } = this.#modules;
    const timer = new AbortController();
    await Promise.race([
      Promise.all(this.#writing.values()),
      clock.sleep(withinMs, timer.signal).catch(() => {}),
    ]);
    timer.abort();
    this.#ended.abort(new Error('the daemon ends'));
    await Promise.all(this.#writing.values());
  }

  /** Until nothing more is wanted of the node. Never throws. */
  async #writeAll(node: string): Promise<void> {
    const { clock } = this.#modules;
    let failures = 0;
    for (let wanted = this.#take(node); wanted; wanted = this.#take(node)) {
      try {
        await this.#write(node, wanted);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (this.#ended.signal.aborted || !this.#isWorthAnotherTry(error, failures)) {
          this.#wanted.delete(node);
          break;
        }
        // What came meanwhile is newer.
        if (!this.#wanted.has(node)) this.#wanted.set(node, wanted);
        const backOffMs = Math.min(longestBackOffMs, shortestBackOffMs * 2 ** (failures - 1));
        await clock.sleep(backOffMs, this.#ended.signal).catch(() => {});
      }
    }
    // In the same step as the last look: what is wanted from now on begins anew.
    this.#writing.delete(node);
  }

  #take(node: string): readonly NodeCondition[] | undefined {
    const wanted = this.#wanted.get(node);
    this.#wanted.delete(node);
    return wanted;
  }

  /** @throws ApiError, or the signal's reason */
  async #write(name: string, wanted: readonly NodeCondition[]): Promise<void> {
    const { client, clock } = this.#modules;
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    const request = { urgency: 'background', signal: this.#ended.signal } as const;
    const known = this.#known.get(name);
    this.#known.delete(name);
    const shown =
      known && Math.abs(clock.now() - known.at) < reuseMs
        ? known.conditions
        : conditionsOf(await client.expect({ ...request, verb: 'get', resource: 'nodes', path }));
    const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const conditions = conditionChanges(shown, wanted, time);
    if (conditions.length === 0) return;
    const written = await client.expect({
      ...request,
      verb: 'patch',
      resource: 'nodes/status',
      path: `${path}/status`,
      // The only kind of patch that leaves the kubelet's conditions as they are.
      contentType: 'application/strategic-merge-patch+json',
      body: { status: { conditions } },
    });
    // After the last word nothing is kept.
    if (wanted.length > 0) this.#know(name, conditionsOf(written));
  }

  #know(name: string, conditions: readonly ShownCondition[]): void {
    this.#known.set(name, { conditions, at: this.#modules.clock.now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
  }

  #isWorthAnotherTry(error: unknown, failures: number): boolean {
    if (isNotFound(error)) return false;
    const { clock, logger } = this.#modules;
    const isForbidden = error instanceof ApiError && error.status === 403;
    if (!isForbidden && failures < mostFailures) return true;
    if (isForbidden) {
      this.#pausedFrom = clock.now();
      this.#pausedUntil = this.#pausedFrom + pauseWithoutRightMs;
    }
    if (!this.#isTold) {
      const missing = isForbidden ? ': add the verb "patch" on "nodes/status" to the ClusterRole' : '';
      logger.warn(`Cannot write the conditions of the node, the work goes on without${missing}`, { error });
    }
    this.#isTold = true;
    return false;
  }

  /** A clock that was set back must not make a pause of minutes one of hours. */
  #isPaused(): boolean {
    const now = this.#modules.clock.now();
    return now >= this.#pausedFrom && now < this.#pausedUntil;
  }
}

function conditionsOf(node: unknown): readonly ShownCondition[] {
  return (node as NodeObject).status?.conditions ?? [];
}
