import assert from 'node:assert/strict';
import { stateAnnotation } from '../../../src/kubernetes/mark-state.ts';
import { nodes, pods } from '../../fakes/api-server/resources.ts';
import type { NodeObject, PodObject } from '../../fakes/api-server/objects.ts';
import type { FakeApiServer } from '../../fakes/api-server.ts';
import type { FakeHook } from '../../fakes/auto-scaling.ts';
import type { FakeAws } from '../../fakes/aws.ts';
import type { FakeClock } from '../../fakes/clock.ts';

/** What a message asks for. */
interface Asked {
  readonly nodes: readonly string[];
  /** The machines' end: after it the message may be deleted, whatever was done. @default never */
  readonly endsAt?: number | undefined;
  readonly hook?: FakeHook | undefined;
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
  /** Of each node, those that are to leave and have not left. */
  readonly #leaving = new Map<string, Set<string>>();
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
      named.every((node) => this.#emptySince.has(node))
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
    for (const [id, { nodes: named, endsAt = Infinity, hook }] of this.#asked) {
      const at = deletedAt.get(id);
      assert.ok(at !== undefined || mayExpire, `a message for ${named.join(', ')} was not deleted`);
      for (const node of named) {
        assert.equal(api.node(node).spec.unschedulable, true, `${node} is marked`);
        assert.ok(api.node(node).metadata.annotations?.[stateAnnotation] !== undefined, node);
        const { emptySince } = this.#of(node);
        assert.ok(emptySince < Infinity, `${node} is drained`);
        if (at !== undefined) this.#assertNotEarly(node, Math.min(at, endsAt), `message ${id} was deleted`);
        if (hook) this.#assertNotEarly(node, hook.completedAt ?? 0, 'its hook was completed');
      }
      if (!hook) continue;
      assert.equal(hook.state, 'continued', `the hook for ${named.join(', ')}`);
      assert.ok((hook.completedAt ?? Infinity) <= (at ?? Infinity), 'hooks are completed before messages');
    }
    const left = new Set(api.pods().map(({ metadata }) => metadata.uid));
    assert.ok(
      [...this.#staying].every((uid) => left.has(uid)),
      'pods of DaemonSets stay',
    );
  }

  #assertNotEarly(node: string, at: number, what: string): void {
    const { markedAt, emptySince } = this.#of(node);
    const said = `${what} at ${at} before ${node}`;
    assert.ok(markedAt <= at, `${said} was marked at ${markedAt}`);
    assert.ok(emptySince <= at || at === Infinity, `${said} was empty at ${emptySince}`);
  }

  #of(node: string): { readonly markedAt: number; readonly emptySince: number } {
    return {
      markedAt: this.#markedAt.get(node) ?? Infinity,
      emptySince: this.#emptySince.get(node) ?? Infinity,
    };
  }

  #left({ metadata, spec }: PodObject): void {
    const node = spec.nodeName ?? '';
    const leaving = this.#leaving.get(node);
    if (leaving?.delete(metadata.uid) === true && leaving.size === 0) {
      this.#emptySince.set(node, this.#modules.clock.now());
    }
  }
}
