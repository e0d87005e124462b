import type { Clock } from '../clock.ts';
import type { Cancellation, CancellationCause, Delivery, Outcome } from '../interruption/delivery.ts';
import type { Instant, Interruption, LifecycleHook } from '../interruption/interruption.ts';
import { decide, type Policy } from '../interruption/policy.ts';
import type { FleetNode, FleetNodes } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { Change } from './change.ts';
import { DueWork } from './due-work.ts';
import { carries, comesBack, hookOf } from './fleet-facts.ts';
import type { NodeRecords } from './node-records.ts';

export interface FleetOptions {
  readonly policy: Policy;
  readonly dryRun: boolean;
}

export interface FleetModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodes: FleetNodes;
  /** The hooks of Auto Scaling groups whose messages the queue no longer has. */
  readonly hooks: {
    keepOpen(hook: LifecycleHook, options: { readonly isResumed: boolean }): void;
    rest(hook: LifecycleHook): void;
    complete(hook: LifecycleHook, stopping: AbortSignal): Promise<unknown>;
  };
}

const sourceName = 'node';

/** A message that the queue still has comes again by itself within this; what is older is taken up from the Node. */
const patienceMs = 120_000;

/** After this what was not done is taken up once more. */
const againMs = 30_000;

/** A machine that was to end so long ago has ended, or lives on. */
const machineEndMs = 60_000;

/** Interruptions of which this process knows at a time; of more, the oldest are looked up on their Nodes. */
const mostTracked = 5_000;

/** After these the group may go on. */
const completing: ReadonlySet<Outcome> = new Set(['drained', 'marked', 'deadline-passed']);

/**
 * What the cluster's nodes carry of the work of this process, of earlier ones and of other replicas. A queue drops a
 * message in time, however long its work takes: what the Node tells is then enough to do it.
 */
export class Fleet implements NodeRecords {
  readonly name = sourceName;
  readonly #options: FleetOptions;
  readonly #modules: FleetModules;
  readonly #ready = Promise.withResolvers<void>();
  readonly #change = new Change();
  /** Of this process, by id; those that came first are first. */
  readonly #tracked = new Map<string, { readonly node: string; readonly notBefore: Instant | undefined }>();
  readonly #due = new DueWork();
  readonly #undoing = new Set<string>();
  /** By messages that may have overtaken those that they call off. On a Node that was marked it is written as well. */
  readonly #calledOff = new Set<string>();
  /** Nodes whose machine is to come back, and was seen to be away. */
  readonly #away = new Set<string>();
  readonly #stopping = new AbortController();
  #items: (Delivery | Cancellation)[] = [];

  constructor(options: FleetOptions, modules: FleetModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  isDone(node: string, interruptionId: string): boolean {
    if (this.#calledOff.has(interruptionId)) return true;
    return this.#modules.nodes.byName(node)?.memory.done.includes(interruptionId) ?? false;
  }

  isMarkedFor(node: string, interruptionId: string): boolean {
    return this.#tracked.has(interruptionId) || carries(this.#modules.nodes.byName(node), interruptionId);
  }

  track(node: string, interruption: Interruption): void {
    const { id } = interruption;
    this.#due.delete(id);
    this.#tracked.delete(id);
    this.#tracked.set(id, {
      node,
      notBefore: interruption.kind === 'SCHEDULED_EVENT' ? interruption.notBefore : undefined,
    });
    const [oldest] = this.#tracked.keys();
    if (this.#tracked.size > mostTracked && oldest !== undefined) this.#tracked.delete(oldest);
  }

  unfinished(node: string, interruption: Interruption): void {
    // Its message comes again by itself, unless the queue has dropped it.
    this.#takeUpAt(this.#modules.clock.now() + patienceMs, interruption, node);
  }

  calledOff(interruptionId: string): void {
    this.#calledOff.add(interruptionId);
    const [oldest] = this.#calledOff;
    if (this.#calledOff.size > mostTracked && oldest !== undefined) this.#calledOff.delete(oldest);
  }

  undoing(interruptionId: string): void {
    this.#undoing.add(interruptionId);
  }

  forget(_node: string, interruptionId: string): void {
    this.#tracked.delete(interruptionId);
    this.#due.delete(interruptionId);
    this.#undoing.delete(interruptionId);
  }

  /** The node's instance was launched: whatever it had been stopped for is over. */
  launched(node: string): void {
    const marked = this.#modules.nodes.byName(node);
    if (marked) this.#lendReturns(marked);
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery | Cancellation, void, undefined> {
    const { clock, nodes } = this.#modules;
    try {
      await Promise.race([nodes.listed, this.#change.next(intake)]);
      this.#ready.resolve();
      // What would be done is told when the message comes, and once.
      if (this.#options.dryRun) return;
      for (const node of nodes.marked()) this.#inherit(node);
      const end = nodes.onChange((name, now) => {
        this.#follow(name, now);
      });
      try {
        for (;;) {
          this.#takeUpDue();
          const item = this.#items.shift();
          if (item) yield item;
          else await this.#change.within(this.#due.nextAt - clock.now(), clock, intake);
        }
      } finally {
        end();
      }
    } catch (error) {
      if (!intake.aborted) throw error;
    } finally {
      this.#stopping.abort();
    }
  }

  async settle(item: Delivery | Cancellation, outcome: Outcome): Promise<void> {
    if (item.type === 'cancellation') return;
    const hook = hookOf(item.interruption);
    // One that is still to be completed when we stop is known to the next process from the Node.
    if (hook && completing.has(outcome)) await this.#modules.hooks.complete(hook, this.#stopping.signal);
  }

  release(item: Delivery | Cancellation): Promise<void> {
    const node = item.type === 'interruption' ? item.interruption.where.nodeName : item.where.nodeName;
    if (item.type === 'cancellation') this.#undoing.delete(item.interruptionId);
    else if (node !== undefined) {
      const hook = hookOf(item.interruption);
      if (hook) this.#modules.hooks.rest(hook);
      this.#takeUpAt(this.#modules.clock.now() + againMs, item.interruption, node);
    }
    return Promise.resolve();
  }

  /** A node that was marked before this process began. */
  #inherit({ name, isReady, memory, interruptions }: FleetNode): void {
    const isDrained = memory.phase === 'drained';
    for (const interruption of interruptions) {
      const { response, drainAt } = decide(interruption, this.#options.policy);
      if (comesBack(interruption) && isDrained && !isReady) this.#away.add(name);
      const isLeft = hookOf(interruption) !== undefined || (!isDrained && response === 'drain');
      if (!isLeft || this.#tracked.has(interruption.id)) continue;
      // What waits for its time is waited for by every replica: nobody can tell which will be there then.
      const isWaiting = interruption.kind === 'SCHEDULED_EVENT' && drainAt !== interruption.seenAt;
      this.#due.set(interruption.id, { node: name, at: isWaiting ? 0 : interruption.seenAt + patienceMs });
    }
  }

  #takeUpAt(at: Instant, interruption: Interruption, node: string): void {
    const { id } = interruption;
    // A machine that comes back may have done so, and have been unmarked, by the time.
    const isOnNode = comesBack(interruption) || carries(this.#modules.nodes.byName(node), id);
    this.#tracked.delete(id);
    this.#due.set(id, { node, at, unmarked: isOnNode ? undefined : interruption });
    this.#change.tell();
  }

  #takeUpDue(): void {
    const { clock, hooks, logger, nodes } = this.#modules;
    const now = clock.now();
    for (const [id, { node, unmarked }] of this.#due.take(now)) {
      const interruption = nodes.byName(node)?.interruptions.find((it) => it.id === id) ?? unmarked;
      if (!interruption || this.#tracked.has(id) || this.isDone(node, id)) continue;
      const { deadline, deadlineIsMachineEnd } = decide(interruption, this.#options.policy);
      if (deadlineIsMachineEnd && deadline !== undefined && now > deadline + machineEndMs) continue;
      logger.info('What the node was marked for is taken up again', {
        node,
        interruption_id: id,
        kind: interruption.kind,
      });
      const hook = hookOf(interruption);
      if (hook) hooks.keepOpen(hook, { isResumed: true });
      this.#lend({ ...interruption, where: { ...interruption.where, nodeName: node } });
    }
  }

  #follow(name: string, now: FleetNode | undefined): void {
    if (now?.memory.phase === 'drained' && now.interruptions.some(comesBack)) this.#watchReturn(now);
    else this.#away.delete(name);
    if (!now) return;
    for (const id of now.memory.done) {
      if (this.#tracked.get(id)?.node !== name || this.#undoing.has(id)) continue;
      // Another replica was told that it is over, and this one may have marked the node for it once more since.
      this.#undoing.add(id);
      this.#items.push(this.#cancellation(name, id, 'canceled'));
    }
    for (const interruption of now.interruptions) {
      const tracked = this.#tracked.get(interruption.id);
      if (interruption.kind !== 'SCHEDULED_EVENT' || tracked?.notBefore === undefined) continue;
      // Another replica was told of its new time.
      if (tracked.notBefore !== interruption.notBefore) this.#lend(interruption);
    }
    this.#change.tell();
  }

  #watchReturn(node: FleetNode): void {
    if (!node.isReady) this.#away.add(node.name);
    else if (this.#away.delete(node.name)) this.#lendReturns(node);
  }

  #lendReturns({ name, interruptions }: FleetNode): void {
    const back = interruptions.filter((it) => comesBack(it) && !this.#undoing.has(it.id));
    this.#items.push(...back.map(({ id }) => this.#cancellation(name, id, 'returned')));
    this.#change.tell();
  }

  #lend(interruption: Interruption): void {
    this.#items.push({ type: 'interruption', interruption, source: sourceName, handle: undefined });
  }

  #cancellation(nodeName: string, interruptionId: string, why: CancellationCause): Cancellation {
    const where = { nodeName };
    return { type: 'cancellation', interruptionId, why, where, source: sourceName, handle: undefined };
  }
}
