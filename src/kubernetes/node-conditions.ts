import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type ConditionSink, type NodeCondition } from './cluster.ts';
import { conditionChanges } from './node-condition-patch.ts';
import { ShownConditions } from './shown-conditions.ts';
import { isNotFound } from './status.ts';
import type { NodeObject } from './views.ts';

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

/**
 * A drain begins milliseconds after its mark: what is wanted within this time takes one write. Nor does one cross the
 * last mark of a drain, which comes with its end and, in queue mode, is bound to the Node's version.
 */
const gatherMs = 500;

/** Without the right nothing is tried for this long; somebody may have given it meanwhile. */
const pauseWithoutRightMs = 600_000;

/**
 * Writes the conditions by which `kubectl describe node` tells of a drain, in the background: a PATCH of the Node's
 * status for each change, after a GET where nobody has told what the Node shows. A kubelet's conditions, and those of
 * others, are left alone.
 * https://kubernetes.io/docs/reference/node/node-status/#condition
 */
export class NodeConditions implements ConditionSink {
  readonly #modules: NodeConditionsModules;
  /** What is wanted of nodes that are not known to have it. */
  readonly #wanted = new Map<string, readonly NodeCondition[]>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #shown: ShownConditions;
  /** Nothing waits any more for what may follow. */
  readonly #ending = new AbortController();
  readonly #ended = new AbortController();
  #pausedFrom = 0;
  #pausedUntil = 0;
  #isTold = false;

  constructor(modules: NodeConditionsModules) {
    this.#modules = modules;
    this.#shown = new ShownConditions(modules);
  }

  set(node: string, conditions: readonly NodeCondition[]): void {
    if (this.#ended.signal.aborted || this.#isPaused()) return;
    this.#wanted.set(node, conditions);
    if (!this.#writing.has(node)) this.#writing.set(node, this.#writeAll(node));
  }

  /** The Node as the API server has just shown it to somebody else, which spares a read. */
  see(node: string, object: NodeObject): void {
    this.#shown.see(node, object);
  }

  /** What is being written is waited for, but not for longer: nothing depends on it. */
  async end(withinMs: number): Promise<void> {
    const { clock } = this.#modules;
    this.#ending.abort(new Error('the daemon ends'));
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
    await clock.sleep(gatherMs, this.#ending.signal).catch(() => {});
    // Others may have learnt meanwhile that the right is missing.
    if (this.#isPaused()) this.#wanted.delete(node);
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
    const shown = this.#shown;
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    const request = { urgency: 'background', signal: this.#ended.signal } as const;
    if (!shown.of(name)) {
      const node = await client.expect({ ...request, verb: 'get', resource: 'nodes', path });
      shown.see(name, node as NodeObject);
    }
    const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const conditions = conditionChanges(shown.of(name) ?? [], wanted, time);
    if (conditions.length === 0) return;
    // Of a write that fails nobody knows whether it has come through.
    shown.forget(name);
    const written = await client.expect({
      ...request,
      verb: 'patch',
      resource: 'nodes/status',
      path: `${path}/status`,
      // The only kind of patch that leaves the kubelet's conditions as they are.
      contentType: 'application/strategic-merge-patch+json',
      body: { status: { conditions } },
    });
    shown.see(name, written as NodeObject);
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
