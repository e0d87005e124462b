import assert from 'node:assert/strict';
import { readMarkState, stateAnnotation } from '../../../src/kubernetes/mark-state.ts';
import { nodes, pods } from '../../fakes/api-server/resources.ts';
import type { NodeObject, PodObject } from '../../fakes/api-server/objects.ts';
import type { FakeApiServer } from '../../fakes/api-server.ts';
import type { FakeHook } from '../../fakes/auto-scaling.ts';
import type { FakeAws } from '../../fakes/aws.ts';
import type { FakeClock } from '../../fakes/clock.ts';

/** What a message asks for. */
interface Asked {
  readonly nodes: readonly string[];
  /** The machines' end: after it whatever is about them may be settled. @default never */
  readonly endsAt?: number | undefined;
  readonly hook?: FakeHook | undefined;
}

/** A message that is settled at this instant at the earliest. */
interface Later {
  readonly from: number;
  /** That is unmarked in the end. */
  readonly node?: string;
  readonly hook?: FakeHook;
}

export interface FleetLedgerModules {
  readonly clock: FakeClock;
  readonly api: FakeApiServer;
  readonly aws: FakeAws;
}

/** Writes down what happens to nodes, pods and messages, and proves that nothing was lost, and nothing settled early. */
export class FleetLedger {
  readonly #modules: FleetLedgerModules;
  readonly #asked = new Map<string, Asked>();
  readonly #later = new Map<string, Later>();
  /** Of each node, those that are to leave and have not left. */
  readonly #leaving = new Map<string, Set<string>>();
  /** When machines that are told of have no power any more. */
  readonly #endsAt = new Map<string, number>();
  readonly #emptySince = new Map<string, number>();
  readonly #markedAt = new Map<string, number>();
  readonly #staying = new Set<string>();

  constructor(modules: FleetLedgerModules) {
    this.#modules = modules;
    const { clock } = modules;
    modules.api.cluster.store.onChange(({ type, kind, object }) => {
      if (type === pods && kind === 'DELETED') this.#left(object as PodObject);
      const { spec, metadata } = object as NodeObject;
      if (type === nodes && spec.unschedulable === true && !this.#markedAt.has(metadata.name)) {
        this.#markedAt.set(metadata.name, clock.now());
      }
    });
  }

  /** The pods that are there now are the ones that are to leave, but those of DaemonSets. */
  begin(): void {
    for (const { metadata, spec } of this.#modules.api.pods()) {
      const isLeaving = metadata.ownerReferences?.[0]?.kind !== 'DaemonSet';
      if (!isLeaving) this.#staying.add(metadata.uid);
      else if (spec.nodeName !== undefined) {
        const leaving = this.#leaving.get(spec.nodeName) ?? new Set();
        this.#leaving.set(spec.nodeName, leaving.add(metadata.uid));
      }
    }
  }

  ask(messageId: string, asked: Asked): void {
    this.#asked.set(messageId, asked);
    const { endsAt } = asked;
    if (endsAt !== undefined) for (const node of asked.nodes) this.#endsAt.set(node, endsAt);
  }

  /** The node's maintenance is called off at an instant before which no message about it is settled. */
  expectUnmarked(messageId: string, node: string, from: number): void {
    this.#later.set(messageId, { node, from });
  }

  /** The node of a launched instance is ready from then on. */
  expectReady(messageId: string, from: number, hook: FakeHook): void {
    this.#later.set(messageId, { hook, from });
  }

  get messageIds(): readonly string[] {
    return [...this.#asked.keys()];
  }

  /** Every node that was named is marked and empty, every message is gone, and the groups go on. */
  get isDone(): boolean {
    const { aws } = this.#modules;
    const named = [...this.#asked.values()].flatMap((asked) => asked.nodes);
    return (
      aws.sqs.queue.size === 0 &&
      aws.autoScaling.hooks.every(({ state }) => state !== 'waiting') &&
      named.every((node) => this.#emptySince.has(node) || this.#endsAt.has(node))
    );
  }

  /** How many nodes have begun to be worked for, and still are. */
  get inFlight(): number {
    return [...this.#markedAt.keys()].filter((node) => !this.#emptySince.has(node)).length;
  }

  /** @param mayExpire the queue drops messages in time, so that not all of them were deleted */
  assertNothingLostOrEarly({ mayExpire = false } = {}): void {
    const { api, aws } = this.#modules;
    const { deleted, expired, deadLetters } = aws.sqs.queue;
    const deletedAt = new Map(deleted.map(({ id, at }) => [id, at]));
    assert.equal(deadLetters.length, 0);
    if (!mayExpire) assert.equal(expired.length, 0);
    for (const [id, { nodes: named, hook }] of this.#asked) {
      const at = deletedAt.get(id);
      assert.ok(at !== undefined || mayExpire, `a message for ${named.join(', ')} was not deleted`);
      for (const node of named) {
        assert.equal(api.node(node).spec.unschedulable, true, `${node} is marked`);
        assert.ok(api.node(node).metadata.annotations?.[stateAnnotation] !== undefined, node);
        assert.ok(this.#emptySince.has(node) || this.#endsAt.has(node), `${node} is drained`);
        if (at !== undefined) this.#assertNotEarly(node, at, `message ${id} was deleted`);
        if (hook) this.#assertNotEarly(node, hook.completedAt ?? 0, 'its hook was completed');
      }
      if (!hook) continue;
      assert.equal(hook.state, 'continued', `the hook for ${named.join(', ')}`);
      assert.ok((hook.completedAt ?? Infinity) <= (at ?? Infinity), 'hooks are completed before messages');
    }
    for (const [id, later] of this.#later) this.#assertLater(later, deletedAt.get(id), mayExpire);
    const left = new Set(api.pods().map(({ metadata }) => metadata.uid));
    assert.ok(
      [...this.#staying].every((uid) => left.has(uid)),
      'pods of DaemonSets stay',
    );
  }

  #assertLater({ from, node, hook }: Later, at: number | undefined, mayExpire: boolean): void {
    assert.ok(at !== undefined || mayExpire, `a message about ${node ?? hook?.instanceId} was not deleted`);
    assert.ok((at ?? Infinity) >= from, `a message about ${node ?? hook?.instanceId} was deleted early`);
    if (hook) {
      assert.equal(hook.state, 'continued');
      assert.ok((hook.completedAt ?? 0) >= from, 'the node was not ready');
      assert.ok((hook.completedAt ?? Infinity) <= (at ?? Infinity), 'hooks are completed before messages');
    }
    if (node === undefined) return;
    const { metadata, spec } = this.#modules.api.node(node);
    assert.deepEqual([spec.unschedulable, spec.taints], [undefined, undefined], `${node} is unmarked`);
    assert.deepEqual(readMarkState(metadata.annotations?.[stateAnnotation])?.signals ?? [], []);
    assert.equal(this.#modules.api.pods(node).length, 1, 'nobody was asked to leave');
  }

  #assertNotEarly(node: string, at: number, what: string): void {
    const [markedAt = Infinity, emptySince = Infinity, endsAt = Infinity] = [
      this.#markedAt.get(node),
      this.#emptySince.get(node),
      this.#endsAt.get(node),
    ];
    const said = `${what} at ${at} before ${node}`;
    assert.ok(markedAt <= at, `${said} was marked at ${markedAt}`);
    assert.ok(emptySince <= at || endsAt <= at, `${said} was empty at ${emptySince}, or ends at ${endsAt}`);
  }

  #left({ metadata, spec }: PodObject): void {
    const node = spec.nodeName ?? '';
    const leaving = this.#leaving.get(node);
    if (leaving?.delete(metadata.uid) === true && leaving.size === 0) {
      this.#emptySince.set(node, this.#modules.clock.now());
    }
  }
}
