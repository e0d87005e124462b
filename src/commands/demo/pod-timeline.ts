import type { NodeObject, PodObject } from '../../../test/fakes/api-server/objects.ts';
import type { Change } from '../../../test/fakes/api-server/store.ts';
import type { FakeApiServer } from '../../../test/fakes/api-server.ts';
import { decidePod } from '../../drain/evictable-pods.ts';
import { toPodView } from '../../kubernetes/views.ts';
import { guardedName, ownPod } from './workloads.ts';

/** Something worth a line of its own. */
export interface Milestone {
  readonly at: number;
  readonly text: string;
}

/** What happened so far to a pod of the drained node; instants are milliseconds since the epoch. */
export interface PodRow {
  /** Namespace and name. */
  readonly id: string;
  readonly kind: string;
  readonly graceSeconds: number;
  readonly leaves: boolean;
  /** Why it leaves or stays, by the daemon's own rules. */
  readonly because: string;
  readonly refusals: number;
  readonly firstRefusedAt: number | undefined;
  readonly askedAt: number | undefined;
  readonly goneAt: number | undefined;
}

/** The options of the daemon that decide who leaves, at their defaults. */
const rules = { ignoreDaemonSets: true, deleteLocalData: true, self: ownPod };

/** Watches from inside the API server what becomes of one node and of the pods that it has now. */
export class PodTimeline {
  readonly #api: FakeApiServer;
  readonly #node: string;
  readonly #pods: readonly PodObject[];
  readonly #askedAt = new Map<string, number>();
  readonly #goneAt = new Map<string, number>();
  readonly #milestones = new Map<'marked' | 'replaced', Milestone>();

  constructor(node: string, modules: { readonly api: FakeApiServer }) {
    this.#api = modules.api;
    this.#node = node;
    this.#pods = this.#api.pods(node);
    this.#api.cluster.store.onChange((change) => {
      this.#see(change);
    });
  }

  /** In the order in which they were reached. */
  get milestones(): readonly Milestone[] {
    return [...this.#milestones.values()];
  }

  rows(): PodRow[] {
    return this.#pods.map((pod) => {
      const { uid, name, namespace = '' } = pod.metadata;
      const view = toPodView(pod);
      const { leaves, because } = decidePod(view, rules, new Set());
      const refused = this.#refusals(namespace, name);
      return {
        id: `${namespace}/${name}`,
        kind: kindOf(view.owner?.kind, view.isMirror),
        graceSeconds: view.gracePeriodSeconds,
        leaves,
        because,
        refusals: refused.length,
        firstRefusedAt: refused[0]?.at,
        askedAt: this.#askedAt.get(uid),
        goneAt: this.#goneAt.get(uid),
      };
    });
  }

  #refusals(namespace: string, name: string) {
    return this.#api.requests.filter(
      (it) =>
        it.subresource === 'eviction' && it.code === 429 && it.name === name && it.namespace === namespace,
    );
  }

  #see({ kind, object }: Change): void {
    if (object.kind === 'Pod') this.#seePod(object as PodObject, kind);
    if (object.kind === 'Node' && object.metadata.name === this.#node) this.#seeNode(object as NodeObject);
  }

  #seePod(pod: PodObject, kind: Change['kind']): void {
    const now = this.#api.cluster.clock.now();
    const { uid, name, namespace, deletionTimestamp, labels = {} } = pod.metadata;
    const { nodeName } = pod.spec;
    if (deletionTimestamp !== undefined && !this.#askedAt.has(uid)) this.#askedAt.set(uid, now);
    if (kind === 'DELETED') this.#goneAt.set(uid, now);
    if (nodeName !== this.#node && labels['app'] === guardedName && toPodView(pod).ready) {
      const text = `${namespace}/${name} is Ready on ${nodeName}: its budget has 1 to spare`;
      this.#reach('replaced', { at: now, text });
    }
  }

  #seeNode({ spec: { unschedulable, taints = [] } }: NodeObject): void {
    if (unschedulable !== true) return;
    const text = `node marked: cordoned, tainted ${taints.map(({ key }) => key).join(', ')}`;
    this.#reach('marked', { at: this.#api.cluster.clock.now(), text });
  }

  #reach(what: 'marked' | 'replaced', milestone: Milestone): void {
    if (!this.#milestones.has(what)) this.#milestones.set(what, milestone);
  }
}

/** People know their Deployment, not its ReplicaSet. */
function kindOf(ownerKind: string | undefined, isMirror: boolean): string {
  if (isMirror) return 'static pod';
  return ownerKind === 'ReplicaSet' ? 'Deployment' : (ownerKind ?? 'bare pod');
}
