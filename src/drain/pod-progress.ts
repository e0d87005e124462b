import type { Instant } from '../interruption/interruption.ts';
import type { BudgetView, PodView, RefusalCause } from '../kubernetes/cluster.ts';
import { budgetReason } from './budgets.ts';
import type { StayingPod, Tier } from './plan.ts';
import type { LeavingPod } from './leaving-pod.ts';
import type { PodBoard } from './pod-board.ts';

export type PodState =
  /** Its turn to be asked has not come. */
  | 'waiting'
  /** It is being asked. */
  | 'asking'
  /** It is asked again and again, and refused. */
  | 'refused'
  /** It has been asked, by us or by somebody else, and shuts down. */
  | 'terminating'
  | 'gone'
  /** It is to be left alone. */
  | 'stays'
  /** Not to be evicted by the options, which spoils the drain. */
  | 'kept';

/** How far one pod has come in a drain that is under way. */
export interface PodProgress {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Kind and name, `ReplicaSet/cart-5d9c`. */
  readonly owner: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly tier: Tier | undefined;
  readonly state: PodState;
  /** Why it is to leave, or stays; where it is refused, what holds it. */
  readonly because: string;
  /** The latest instant at which its grace still fits before the deadline. */
  readonly askBy: Instant | undefined;
  /** When our request was accepted; undefined where it was not ours. */
  readonly askedAt: Instant | undefined;
  readonly askedBy: 'eviction' | 'deletion' | undefined;
  /** What was left of its grace period, where that did not fit before the deadline. */
  readonly clampedToSeconds: number | undefined;
  /** When the kubelet kills it, if it has not ended by itself. */
  readonly killedAt: Instant | undefined;
  readonly goneAt: Instant | undefined;
  readonly refusals: number;
  readonly lastRefusal: RefusalCause | undefined;
  /** Those that refuse it, where they are known. */
  readonly budgets: readonly BudgetView[];
}

export interface PodProgressNewsModules {
  readonly board: PodBoard;
  readonly turns: { budgetsOf(pod: LeavingPod): readonly BudgetView[] };
  /** Told of the pods whose state has changed; where nobody listens, nothing is found out. */
  readonly onPods: ((pods: readonly PodProgress[]) => void) | undefined;
}

/** Finds what is new about the pods of a drain, and tells it. */
export class PodProgressNews {
  readonly #modules: PodProgressNewsModules;
  /** Pods that stay, and why, as it was told. */
  #toldStaying: ReadonlyMap<string, string> = nobody;

  constructor(modules: PodProgressNewsModules) {
    this.#modules = modules;
  }

  /** Those whose state has changed since the last call. */
  tell(): void {
    const { onPods } = this.#modules;
    const news = onPods ? this.#changed() : [];
    if (news.length > 0) onPods?.(news);
  }

  #changed(): PodProgress[] {
    const { board, turns } = this.#modules;
    const news: PodProgress[] = [];
    for (const pod of board.leaving.values()) {
      const state = stateOf(pod);
      const budgets = state === 'refused' ? turns.budgetsOf(pod) : noBudgets;
      const version = state === 'refused' ? `refused ${pod.refusal?.cause} ${budgets.length}` : state;
      if (pod.told === version) continue;
      pod.told = version;
      news.push(progressOf(pod, state, budgets));
    }
    const { staying } = board;
    const told = this.#toldStaying;
    const isNews = ({ pod, because }: StayingPod): boolean => told.get(pod.uid) !== because;
    // One that has left them may come back.
    if (staying.length === told.size && !staying.some(isNews)) return news;
    news.push(...staying.filter(isNews).map(stayingProgress));
    this.#toldStaying = new Map(staying.map(({ pod, because }) => [pod.uid, because]));
    return news;
  }
}

/** Of a pod that is left alone. */
export function stayingProgress({ pod, because, spoilsDrain }: StayingPod): PodProgress {
  return {
    ...names(pod),
    ...nothingYet,
    state: spoilsDrain ? 'kept' : 'stays',
    because,
    killedAt: pod.deletionAt,
  };
}

/** Of a pod that is to leave and has not been asked. */
export function waitingProgress({ pod, because, tier, askBy }: LeavingPod['planned']): PodProgress {
  return { ...names(pod), ...nothingYet, tier, state: 'waiting', because, askBy };
}

const nobody: ReadonlyMap<string, string> = new Map();

const noBudgets: readonly BudgetView[] = Object.freeze([]);

const nothingYet = {
  tier: undefined,
  askBy: undefined,
  askedAt: undefined,
  askedBy: undefined,
  clampedToSeconds: undefined,
  killedAt: undefined,
  goneAt: undefined,
  refusals: 0,
  lastRefusal: undefined,
  budgets: noBudgets,
};

function progressOf(pod: LeavingPod, state: PodState, budgets: readonly BudgetView[]): PodProgress {
  const { planned, asked, refusal } = pod;
  const held = budgets.length === 0 ? refusal?.text : budgetReason(budgets);
  return {
    ...names(pod.planned.pod),
    tier: planned.tier,
    state,
    because: (state === 'refused' ? held : undefined) ?? planned.because,
    askBy: planned.askBy,
    askedAt: asked?.at,
    askedBy: asked?.by,
    clampedToSeconds: asked?.isClamped === true ? asked.graceSeconds : undefined,
    killedAt: pod.planned.pod.deletionAt,
    goneAt: pod.goneAt,
    refusals: refusal?.times ?? 0,
    lastRefusal: refusal?.cause,
    budgets,
  };
}

function stateOf({ goneAt, isTerminating, refusal, isBegun }: LeavingPod): PodState {
  if (goneAt !== undefined) return 'gone';
  if (isTerminating) return 'terminating';
  if (refusal) return 'refused';
  return isBegun ? 'asking' : 'waiting';
}

function names({ namespace, name, uid, owner, labels }: PodView) {
  return { namespace, name, uid, owner: owner && `${owner.kind}/${owner.name}`, labels };
}
