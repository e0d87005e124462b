import type { Clock } from '../../../src/clock.ts';
import { withCondition } from './conditions.ts';
import { deletePod } from './deletion.ts';
import { isTerminating, timestamp, type PodObject } from './objects.ts';
import { pods } from './resources.ts';
import type { Change, Store } from './store.ts';
import type { Timers } from './timers.ts';

/** How a pod behaves on its node. */
export interface PodBehaviour {
  /** From the SIGTERM to the end of its last container; longer than its grace means SIGKILL. @default 1000 */
  readonly shutdownMs?: number;
  /** A pending pod runs and is ready after so long. @default never */
  readonly readyAfterMs?: number;
}

const defaultShutdownMs = 1000;

/** Starts and ends pods on every node, by the clock. */
export class Kubelets {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #behaviours = new Map<string, PodBehaviour>();
  /** When each terminating pod ends, by UID. */
  readonly #endAt = new Map<string, number>();
  readonly #cutOff = new Set<string>();

  constructor(modules: { store: Store; clock: Clock; timers: Timers }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#timers = modules.timers;
  }

  /** Acts from now on. */
  start(): void {
    this.#store.onChange((change) => this.#see(change));
  }

  /** To be told before or right after the pod is created. */
  behave(pod: PodObject, behaviour: PodBehaviour): void {
    this.#behaviours.set(pod.metadata.uid, behaviour);
    if (behaviour.readyAfterMs !== undefined)
      this.#timers.after(behaviour.readyAfterMs, () => this.#run(pod));
  }

  /** The machine is cut off: its pods stay as they are, terminating ones for ever. */
  cutOff(nodeName: string): void {
    this.#cutOff.add(nodeName);
  }

  /** The machine is back; what should have ended meanwhile ends now. */
  rejoin(nodeName: string): void {
    this.#cutOff.delete(nodeName);
    for (const [uid, endAt] of this.#endAt) if (endAt <= this.#clock.now()) this.#end(uid);
  }

  #see({ type, kind, object }: Change): void {
    if (type !== pods) return;
    const { uid, deletionGracePeriodSeconds = 0 } = object.metadata;
    if (kind === 'DELETED') {
      this.#endAt.delete(uid);
      this.#behaviours.delete(uid);
    } else if (isTerminating(object) && deletionGracePeriodSeconds > 0) {
      this.#terminate(uid, deletionGracePeriodSeconds);
    }
  }

  /** The first call starts the shutdown; a later one may only cut its grace. */
  #terminate(uid: string, graceSeconds: number): void {
    const { shutdownMs = defaultShutdownMs } = this.#behaviours.get(uid) ?? {};
    const killAt = this.#clock.now() + graceSeconds * 1000;
    const before = this.#endAt.get(uid);
    const endAt = Math.min(killAt, before ?? this.#clock.now() + shutdownMs);
    if (endAt === before) return;
    this.#endAt.set(uid, endAt);
    // A timer of the system may fire a millisecond early: it is the one that was set last that counts.
    this.#timers.after(endAt - this.#clock.now(), () => {
      if (this.#endAt.get(uid) === endAt) this.#end(uid);
    });
  }

  #end(uid: string): void {
    const pod = this.#store.findByUid(pods, uid);
    if (pod === undefined) return;
    if (this.#cutOff.has(pod.spec.nodeName ?? '')) return;
    const conditions = withCondition(pod.status.conditions, this.#ready('False', 'PodCompleted'));
    const ended = this.#store.update(pods, {
      ...pod,
      status: { ...pod.status, phase: 'Succeeded', conditions },
    });
    this.#endAt.delete(uid);
    deletePod({ store: this.#store, clock: this.#clock }, ended, {
      gracePeriodSeconds: 0,
      preconditions: { uid },
    });
  }

  #run({ metadata }: PodObject): void {
    const pod = this.#store.findByUid(pods, metadata.uid);
    if (pod === undefined || isTerminating(pod) || (pod.spec.nodeName ?? '') === '') return;
    const conditions = withCondition(pod.status.conditions, this.#ready('True'));
    this.#store.update(pods, { ...pod, status: { ...pod.status, phase: 'Running', conditions } });
  }

  #ready(status: 'True' | 'False', reason?: string) {
    const lastTransitionTime = timestamp(this.#clock.now());
    return { type: 'Ready', status, lastTransitionTime, ...(reason !== undefined && { reason }) };
  }
}
