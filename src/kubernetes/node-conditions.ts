import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import type { ConditionSink, NodeCondition } from './cluster.ts';
import { conditionChanges } from './node-condition-patch.ts';
import { backgroundConcurrency } from './request-lanes.ts';
import { ShownConditions } from './shown-conditions.ts';
import { isForbidden, isNotFound } from './status.ts';
import type { NodeObject } from './views.ts';

export interface NodeConditionsModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
}

interface Wanted {
  conditions: readonly NodeCondition[];
  readonly since: Instant;
  /** From then until it is written: a clock that is set back must not make half a second an hour. */
  waitMs: number;
  /** In a row. */
  readonly failures: number;
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
  /** What is wanted of nodes that are not known to have it; those that have waited longest are first. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #shown: ShownConditions;
  readonly #ended = new AbortController();
  /** When the next write is due. */
  readonly #due: Alarm;
  readonly #idle = Promise.withResolvers<void>();
  #pausedFrom = 0;
  #pausedUntil = 0;
  /** Nothing waits any more for what may follow. */
  #isEnding = false;
  #isTold = false;

  constructor(modules: NodeConditionsModules) {
    this.#modules = modules;
    this.#shown = new ShownConditions(modules);
    this.#due = new Alarm(modules.clock, () => this.#writeDue());
  }

  set(node: string, conditions: readonly NodeCondition[]): void {
    if (this.#ended.signal.aborted || this.#isPaused()) return;
    const waiting = this.#wanted.get(node);
    if (waiting) waiting.conditions = conditions;
    else {
      const waitMs = this.#isEnding || this.#writing.has(node) ? 0 : gatherMs;
      this.#wanted.set(node, { conditions, since: this.#modules.clock.now(), waitMs, failures: 0 });
    }
    this.#writeDue();
  }

  /** The Node as the API server has just shown it to somebody else, which spares a read. */
  see(node: string, object: NodeObject): void {
    this.#shown.see(node, object);
  }

  /** What is wanted is written now, or not at all; it is waited for, but not for longer: nothing depends on it. */
  async end(withinMs: number): Promise<void> {
    const { clock } = this.#modules;
    this.#isEnding = true;
    for (const wanted of this.#wanted.values()) if (wanted.failures === 0) wanted.waitMs = 0;
    this.#writeDue();
    const timer = new AbortController();
    await Promise.race([this.#idle.promise, clock.sleep(withinMs, timer.signal).catch(() => {})]);
    timer.abort();
    this.#ended.abort(new Error('the daemon ends'));
    this.#due.stop();
    await Promise.all(this.#writing.values());
  }

  /** As many at a time as are sent in the background: a burst is hundreds of nodes. */
  #writeDue(): void {
    if (this.#ended.signal.aborted) return;
    // Others may have learnt meanwhile that the right is missing.
    if (this.#isPaused()) this.#wanted.clear();
    const now = this.#modules.clock.now();
    let nextAt = Infinity;
    for (const [node, wanted] of this.#wanted) {
      if (this.#writing.size >= backgroundConcurrency) break;
      if (this.#writing.has(node)) continue;
      const { since, waitMs } = wanted;
      const dueAt = since + waitMs;
      if (now >= since && now < dueAt) {
        nextAt = Math.min(nextAt, dueAt);
        continue;
      }
      this.#wanted.delete(node);
      this.#writing.set(node, this.#write(node, wanted));
    }
    this.#due.set(this.#writing.size >= backgroundConcurrency ? Infinity : nextAt);
    if (this.#isEnding && this.#writing.size === 0 && this.#wanted.size === 0) this.#idle.resolve();
  }

  /** Never throws. */
  async #write(node: string, wanted: Wanted): Promise<void> {
    try {
      await this.#put(node, wanted.conditions);
    } catch (error) {
      this.#failed(node, wanted, error);
    }
    this.#writing.delete(node);
    this.#writeDue();
  }

  #failed(node: string, { conditions, failures }: Wanted, error: unknown): void {
    const isGivenUp = this.#ended.signal.aborted || !this.#isWorthAnotherTry(error, failures + 1);
    // What came meanwhile is newer.
    const newer = this.#wanted.get(node)?.conditions;
    this.#wanted.delete(node);
    if (isGivenUp) return;
    const backOffMs = Math.min(longestBackOffMs, shortestBackOffMs * 2 ** failures);
    this.#wanted.set(node, {
      conditions: newer ?? conditions,
      since: this.#modules.clock.now(),
      waitMs: backOffMs,
      failures: failures + 1,
    });
  }

  /** @throws ApiError, or the signal's reason */
  async #put(name: string, wanted: readonly NodeCondition[]): Promise<void> {
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
    const isRightMissing = isForbidden(error);
    if (!isRightMissing && failures < mostFailures) return true;
    if (isRightMissing) {
      this.#pausedFrom = clock.now();
      this.#pausedUntil = this.#pausedFrom + pauseWithoutRightMs;
    }
    if (!this.#isTold) {
      const missing = isRightMissing ? ': add the verb "patch" on "nodes/status" to the ClusterRole' : '';
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
