import type { Clock } from '../clock.ts';
import { unnamedReboot, type Cancellation, type CancellationCause } from '../interruption/delivery.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import { decide, type Policy } from '../interruption/policy.ts';
import type { Cluster, NodeMemory } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { Change } from './change.ts';
import type { NodeRecords } from './node-records.ts';

export interface OwnNodeOptions {
  readonly node: string;
  readonly policy: Policy;
  /** Take the marks off a machine that has outlived its deadline. */
  readonly unmarksSurvivors: boolean;
}

export interface OwnNodeModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** When this machine booted. @throws where that can't be known */
  readonly bootedAt: () => Promise<Instant>;
  /** Whether the metadata service shows this interruption; undefined while it has not answered. */
  readonly isShown: (interruptionId: string) => boolean | undefined;
  /** An earlier process had taken off the marks, and not the conditions. */
  readonly onLeftOverConditions?: () => void;
}

const sourceName = 'node';

/** The Node is read again after a failure; nothing else waits for it but maintenance, which has time. */
const shortestBackOffMs = 1_000;
const longestBackOffMs = 30_000;

/** Signals are looked through this often, in memory. */
const lookMs = 10_000;

/** More interruptions than this are not of one time; the oldest are forgotten. */
const longestMemory = 50;

/** What a reboot has ended is undone by then, as a rule. */
const undoneMs = 30_000;

/** AWS may be early, or its clock another one, by this much. */
const earlyMs = 300_000;

/** AWS may be late: a machine is not called a survivor before this long after its deadline. */
const survivalMs = 60_000;

/**
 * What this node carries from before: the one place where an earlier process left word. Read once; from it, and
 * from what is done since, follows what has to be undone: a reboot that has come to pass, an end that has not.
 */
export class OwnNode implements NodeRecords {
  readonly name = sourceName;
  readonly #options: OwnNodeOptions;
  readonly #modules: OwnNodeModules;
  readonly #read = Promise.withResolvers<void>();
  readonly #known = new Map<string, Instant | undefined>();
  readonly #done = new Set<string>();
  readonly #lent = new Set<string>();
  readonly #change = new Change();
  #reboot: NodeMemory['reboot'];
  /** Reboots that the node was marked for before this process began. */
  readonly #reboots = new Set<string>();
  /** Of these, those that may have come to pass with the boot since. */
  readonly #rebooted = new Set<string>();
  /** Infinity while that is not known. */
  #bootedAt = Infinity;
  #bootTimeTrouble = false;

  constructor(options: OwnNodeOptions, modules: OwnNodeModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Resolves when the Node was read, and what a reboot has ended is undone. */
  get ready(): Promise<void> {
    return this.#read.promise;
  }

  isDone(_node: string, interruption: Interruption): boolean {
    if (!this.#done.has(interruption.id)) return false;
    // A reboot before its time was another one, and it is still to come.
    const { kind } = interruption;
    return !(kind === 'SCHEDULED_EVENT' && interruption.notBefore > this.#bootedAt + earlyMs);
  }

  isMarkedFor(_node: string, interruptionId: string): boolean {
    return this.#known.has(interruptionId) || (this.#reboot && idOf(this.#reboot)) === interruptionId;
  }

  track(_node: string, interruption: Interruption): void {
    // Anew at its end, so that the oldest is the first.
    this.#known.delete(interruption.id);
    this.#known.set(interruption.id, decide(interruption, this.#options.policy).deadline);
    // AWS shows it on, and it is still to come.
    this.#rebooted.delete(interruption.id);
    const [oldest] = this.#known.keys();
    if (this.#known.size > longestMemory && oldest !== undefined) this.#known.delete(oldest);
    this.#change.tell();
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Cancellation, void, undefined> {
    try {
      await this.#readMemory(intake);
      // Before anybody goes on: AWS may show the event for a while, and must not have the node marked for it again. If it
      // is one that is still to come, it is marked for once what was done before is undone.
      if (this.#reboot && (await this.#hasRebooted(this.#reboot))) {
        const id = idOf(this.#reboot);
        this.#done.add(id);
        yield this.#lend(id, 'rebooted');
        // A Node that can't be written must not hold up the next maintenance.
        const until = this.#modules.clock.now() + undoneMs;
        while (this.#lent.has(id) && this.#modules.clock.now() < until) {
          await this.#change.within(until - this.#modules.clock.now(), this.#modules.clock, intake);
        }
      } else if (this.#done.size > 0) this.#bootedAt = await this.#modules.bootedAt().catch(() => Infinity);
      this.#read.resolve();
      for (;;) {
        const over = await this.#whatIsOver();
        if (over) yield this.#lend(...over);
        else if (this.#isIdle) await this.#change.next(intake);
        else await this.#change.within(lookMs, this.#modules.clock, intake);
      }
    } catch (error) {
      if (!intake.aborted) throw error;
    }
  }

  settle(item: Cancellation | { readonly type: 'interruption' }): Promise<void> {
    if (item.type === 'cancellation') {
      this.#forget(item.interruptionId);
      if (item.why === 'rebooted') {
        this.#done.add(item.interruptionId);
        if (this.#reboot && idOf(this.#reboot) === item.interruptionId) this.#reboot = undefined;
      }
    }
    return Promise.resolve();
  }

  release(item: Cancellation | { readonly type: 'interruption' }): Promise<void> {
    if (item.type === 'cancellation') this.#lent.delete(item.interruptionId);
    this.#change.tell();
    return Promise.resolve();
  }

  forget(_node: string, interruptionId: string): void {
    this.#forget(interruptionId);
  }

  #forget(interruptionId: string): void {
    this.#known.delete(interruptionId);
    this.#lent.delete(interruptionId);
    this.#rebooted.delete(interruptionId);
    this.#change.tell();
  }

  async #readMemory(intake: AbortSignal): Promise<void> {
    const { clock, cluster, logger } = this.#modules;
    const { node } = this.#options;
    let isTold = false;
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      try {
        this.#take(await cluster.memoryOf(node, intake));
        return;
      } catch (error) {
        intake.throwIfAborted();
        if (!isTold)
          logger.warn('Cannot read what this node was marked for before, trying again', { node, error });
        isTold = true;
      }
      await clock.sleep(backOffMs, intake);
    }
  }

  #take(memory: NodeMemory | undefined): void {
    for (const { id, deadline, reboots } of memory?.signals ?? []) {
      if (reboots) this.#reboots.add(id);
      if (!this.#known.has(id))
        this.#known.set(id, deadline === undefined ? undefined : Date.parse(deadline));
    }
    for (const { id } of memory?.done ?? []) this.#done.add(id);
    this.#reboot = memory?.reboot && {
      ...memory.reboot,
      eventId: memory.reboot.eventId ?? memory.signals.find((it) => it.kind === 'SCHEDULED_EVENT')?.id,
    };
    if (memory?.hasConditions === true && memory.signals.length === 0 && !memory.reboot) {
      this.#modules.onLeftOverConditions?.();
    }
  }

  /** Nothing of what is known can come to be over by itself. */
  get #isIdle(): boolean {
    return (
      !this.#reboot &&
      this.#rebooted.size === 0 &&
      [...this.#known.values()].every((deadline) => deadline === undefined)
    );
  }

  async #whatIsOver(): Promise<[id: string, why: CancellationCause] | undefined> {
    if (this.#reboot) {
      const id = idOf(this.#reboot);
      if (!this.#lent.has(id) && (await this.#hasRebooted(this.#reboot))) return [id, 'rebooted'];
    }
    const { clock, isShown, logger } = this.#modules;
    for (const id of this.#rebooted)
      if (!this.#lent.has(id) && isShown(id) === false) return [id, 'rebooted'];
    for (const [id, deadline] of this.#known) {
      if (deadline === undefined || clock.now() < deadline + survivalMs || this.#lent.has(id)) continue;
      if (isShown(id) !== false) continue;
      if (this.#options.unmarksSurvivors) return [id, 'survived'];
      logger.info('This machine has outlived its deadline; its marks are kept, as told', {
        interruption_id: id,
      });
      // AWS may still tell that it is completed, which undoes it.
      this.#known.set(id, undefined);
    }
    return undefined;
  }

  async #hasRebooted({ eventId, markedAt }: NonNullable<NodeMemory['reboot']>): Promise<boolean> {
    // Without the label that says when, an event that AWS shows no more has come to pass.
    if (markedAt === undefined) return eventId === undefined || this.#modules.isShown(eventId) === false;
    const { bootedAt, logger } = this.#modules;
    try {
      const instant = await bootedAt();
      this.#bootTimeTrouble = false;
      if (instant <= markedAt) return false;
      this.#bootedAt = instant;
      for (const id of this.#reboots) {
        this.#rebooted.add(id);
        this.#done.add(id);
      }
      this.#reboots.clear();
      return true;
    } catch (error) {
      if (!this.#bootTimeTrouble) {
        logger.error('Cannot tell when this machine booted: it is not uncordoned until that is known', {
          error,
        });
      }
      this.#bootTimeTrouble = true;
      return false;
    }
  }

  #lend(interruptionId: string, why: CancellationCause): Cancellation {
    this.#lent.add(interruptionId);
    const { node } = this.#options;
    return {
      type: 'cancellation',
      interruptionId,
      why,
      where: { nodeName: node },
      source: sourceName,
      handle: undefined,
    };
  }
}

/** Where no label says of which event it was, it has a name of ours. */
function idOf({ eventId }: NonNullable<NodeMemory['reboot']>): string {
  return eventId ?? unnamedReboot;
}
