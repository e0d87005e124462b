import { forgetOldest } from '../forget-oldest.ts';
import type { Clock } from '../clock.ts';
import type { Cancellation, CancellationCause, Delivery, Outcome } from '../interruption/delivery.ts';
import {
  comesBack,
  isOver,
  isToldBefore,
  tellingOf,
  type Instant,
  type Interruption,
  type LifecycleHook,
  type Over,
  type Telling,
} from '../interruption/interruption.ts';
import { decide, type Policy } from '../interruption/policy.ts';
import type { FleetNode, FleetNodes } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { Change } from './change.ts';
import { DueWork } from './due-work.ts';
import { carries, hasStartedSince, hookOf, isActedOn } from './fleet-facts.ts';
import { LeftWork, patienceMs } from './left-work.ts';
import type { NodeRecords } from './node-records.ts';
import { Returns } from './returns.ts';

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
    goneSince(hook: LifecycleHook): Instant | undefined;
    keepOpen(hook: LifecycleHook, options: { readonly isResumed: boolean }): void;
    rest(hook: LifecycleHook): void;
    complete(hook: LifecycleHook, stopping: AbortSignal): Promise<unknown>;
  };
}

const sourceName = 'node';

/** After this what was not done is taken up once more. */
const againMs = 30_000;

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
  readonly #tracked = new Map<string, { readonly node: string; readonly telling: Telling | undefined }>();
  readonly #left: LeftWork;
  /** What could not be undone. */
  readonly #toUndo = new DueWork<{ readonly at: Instant; readonly cancellation: Cancellation }>();
  readonly #undoing = new Set<string>();
  /** By messages that may have overtaken those that they call off. On a Node that was marked it is written as well. */
  readonly #calledOff = new Map<string, Over>();
  readonly #returns: Returns;
  readonly #stopping = new AbortController();
  readonly #isInHand = (id: string): boolean => this.#undoing.has(id) || this.#tracked.has(id);
  #items: (Delivery | Cancellation)[] = [];

  constructor(options: FleetOptions, modules: FleetModules) {
    this.#options = options;
    this.#modules = modules;
    this.#left = new LeftWork(options.policy, modules);
    this.#returns = new Returns(options.policy, modules);
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  isDone(node: string, interruption: Interruption): boolean {
    const { id } = interruption;
    const telling = tellingOf(interruption);
    if (isOver(telling, this.#calledOff.get(id))) return true;
    const now = this.#modules.nodes.byName(node);
    if (!now) return false;
    const over = now.memory.done.find((it) => it.id === id);
    if (isOver(telling, over) || hasStartedSince(now, interruption)) return true;
    return isActedOn(
      now,
      interruption,
      decide(interruption, this.#options.policy),
      this.#modules.clock.now(),
    );
  }

  isMarkedFor(node: string, id: string, toldAt?: Instant): boolean {
    const now = this.#modules.nodes.byName(node);
    if (!this.#tracked.has(id) && !carries(now, id)) return false;
    const onNode = now?.interruptions.find((it) => it.id === id);
    return isOver(this.#tracked.get(id)?.telling ?? (onNode && tellingOf(onNode)), { id, toldAt });
  }

  track(node: string, interruption: Interruption): void {
    const { id } = interruption;
    const before = this.#tracked.get(id)?.telling;
    const telling = tellingOf(interruption);
    this.#left.delete(id);
    this.#toUndo.delete(id);
    this.#undoing.delete(id);
    this.#tracked.delete(id);
    this.#tracked.set(id, { node, telling: isToldBefore(telling, before) ? before : telling });
    forgetOldest(this.#tracked, mostTracked);
    const onNode = this.#modules.nodes.byName(node)?.interruptions.find((it) => it.id === id);
    // Another replica was told more since.
    if (!onNode || !isToldBefore(telling, tellingOf(onNode))) return;
    this.#lend(onNode);
    this.#change.tell();
  }

  unfinished(node: string, interruption: Interruption): void {
    // Its message comes again by itself, unless the queue has dropped it.
    this.#putOff(node, interruption, patienceMs);
  }

  calledOff(id: string, toldAt: Instant): void {
    const { toldAt: before = -Infinity } = this.#calledOff.get(id) ?? {};
    this.#calledOff.set(id, { id, toldAt: Math.max(before, toldAt) });
    forgetOldest(this.#calledOff, mostTracked);
  }

  undoing(interruptionId: string): void {
    this.#toUndo.delete(interruptionId);
    this.#undoing.add(interruptionId);
  }

  notUndone(nodeName: string, cancellation: Cancellation): void {
    // As for what is unfinished.
    const at = this.#modules.clock.now() + patienceMs;
    const ours = { ...cancellation, where: { nodeName }, source: sourceName, handle: undefined };
    this.#toUndo.set(cancellation.interruptionId, { at, cancellation: ours });
    this.#change.tell();
  }

  forget(_node: string, id: string, toldAt?: Instant): void {
    this.#toUndo.delete(id);
    this.#undoing.delete(id);
    const tracked = this.#tracked.get(id);
    // AWS has told of it anew since, and it is worked for.
    if (tracked && !isOver(tracked.telling, { id, toldAt })) return;
    this.#tracked.delete(id);
    this.#left.delete(id);
  }

  /** The node's instance was launched: whatever it had been stopped for before is over, however often that was told. */
  launched(node: string, launch: Interruption): void {
    const marked = this.#modules.nodes.byName(node);
    if (!marked) return;
    const before = marked.interruptions.filter((it) => comesBack(it) && it.startTime < launch.startTime);
    this.#lendReturns(marked, before);
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery | Cancellation, void, undefined> {
    const { clock, nodes } = this.#modules;
    try {
      await Promise.race([nodes.listed, this.#change.next(intake)]);
      this.#ready.resolve();
      // What would be done is told when the message comes, and once.
      if (this.#options.dryRun) return;
      for (const node of nodes.marked()) {
        this.#lendReturns(node, this.#returns.seen(node.name, node));
        this.#left.inherit(node, this.#isInHand);
      }
      const end = nodes.onChange((name, now, before) => {
        this.#follow(name, now, before);
      });
      try {
        for (;;) {
          this.#takeUpDue();
          const item = this.#items.shift();
          if (item) yield item;
          else {
            const nextAt = Math.min(this.#left.nextAt, this.#toUndo.nextAt, this.#returns.nextAt);
            await this.#change.within(nextAt - clock.now(), clock, intake);
          }
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
    if (item.type === 'cancellation') {
      this.#undoing.delete(item.interruptionId);
      return;
    }
    const hook = hookOf(item.interruption);
    // One that is still to be completed when we stop is known to the next process from the Node.
    if (hook && completing.has(outcome)) await this.#modules.hooks.complete(hook, this.#stopping.signal);
  }

  release(item: Delivery | Cancellation): Promise<void> {
    const node = item.type === 'interruption' ? item.interruption.where.nodeName : item.where.nodeName;
    if (item.type === 'cancellation') {
      this.#toUndo.set(item.interruptionId, { at: this.#modules.clock.now() + againMs, cancellation: item });
      this.#change.tell();
    } else if (node !== undefined) {
      const hook = hookOf(item.interruption);
      if (hook) this.#modules.hooks.rest(hook);
      this.#putOff(node, item.interruption, againMs);
    }
    return Promise.resolve();
  }

  #putOff(node: string, interruption: Interruption, forMs: number): void {
    this.#tracked.delete(interruption.id);
    this.#left.putOff(node, interruption, forMs);
    this.#change.tell();
  }

  #takeUpDue(): void {
    const { clock, hooks, logger, nodes } = this.#modules;
    const now = clock.now();
    for (const [id, { cancellation }] of this.#toUndo.take(now)) {
      if (carries(nodes.byName(cancellation.where.nodeName ?? ''), id)) this.#items.push(cancellation);
      else this.#undoing.delete(id);
    }
    for (const name of this.#returns.take(now)) {
      const node = nodes.byName(name);
      if (node) this.#lendReturns(node, this.#returns.seen(name, node));
    }
    for (const { node, interruption, hook, isHandled } of this.#left.take((id) => this.#tracked.has(id))) {
      if (this.isDone(node, interruption)) continue;
      const { id, kind, where } = interruption;
      logger.info('What the node was marked for is taken up again', { node, interruption_id: id, kind });
      if (hook) hooks.keepOpen(hook, { isResumed: true });
      if (isHandled && hook) this.#completeOnly(hook, node, interruption);
      else this.#lend({ ...interruption, where: { ...where, nodeName: node } });
    }
  }

  /** It is all that may be left to do. */
  #completeOnly(hook: LifecycleHook, node: string, interruption: Interruption): void {
    const { hooks, logger } = this.#modules;
    this.track(node, interruption);
    hooks.complete(hook, this.#stopping.signal).catch((error: unknown) => {
      logger.error('Cannot deal with an interruption', { node, interruption_id: interruption.id, error });
    });
  }

  #follow(name: string, now: FleetNode | undefined, before: FleetNode | undefined): void {
    const returned = this.#returns.seen(name, now);
    if (!now) return;
    this.#lendReturns(now, returned);
    for (const over of now.memory.done) {
      const { id } = over;
      const tracked = this.#tracked.get(id);
      if (tracked?.node !== name || this.#undoing.has(id) || !isOver(tracked.telling, over)) continue;
      // Another replica was told that it is over, and this one may have marked the node for it once more since.
      this.#undoing.add(id);
      const { toldAt } = over;
      this.#items.push({
        ...this.#cancellation(name, id, 'canceled'),
        ...(toldAt !== undefined && { toldAt }),
      });
    }
    for (const interruption of now.interruptions) {
      const tracked = this.#tracked.get(interruption.id);
      // Another replica was told of its new time.
      if (isToldBefore(tracked?.telling, tellingOf(interruption))) this.#lend(interruption);
    }
    this.#left.lookOn(now, before, this.#isInHand);
    this.#change.tell();
  }

  #lendReturns({ name }: FleetNode, returned: readonly Interruption[]): void {
    for (const { id } of returned.filter((it) => !this.#undoing.has(it.id))) {
      // Once, whatever else of the node changes until it is undone.
      this.#undoing.add(id);
      this.#items.push(this.#cancellation(name, id, 'returned'));
      this.#change.tell();
    }
  }

  #lend(interruption: Interruption): void {
    this.#items.push({ type: 'interruption', interruption, source: sourceName, handle: undefined });
  }

  #cancellation(nodeName: string, interruptionId: string, why: CancellationCause): Cancellation {
    const where = { nodeName };
    return { type: 'cancellation', interruptionId, why, where, source: sourceName, handle: undefined };
  }
}
