import { notNeeded } from '../not-needed.ts';
import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { DaemonSets } from './daemon-sets.ts';
import { KubeletCheck, type KubeletCheckModules } from './kubelet-check.ts';
import { urgencyOf, type DrainGoal, type DrainPolicy } from './plan.ts';
import { PlanWarnings } from './plan-warnings.ts';
import { PodBoard } from './pod-board.ts';
import { PodProgressNews, type PodProgress, type PodProgressNewsModules } from './pod-progress.ts';
import { TaskGroup } from './task-group.ts';
import { Turns, type TurnsModules } from './turns.ts';
import { VolumeWait, type VolumeWaitModules } from './volume-wait.ts';

export interface DrainPartsOptions {
  readonly node: string;
  readonly policy: DrainPolicy;
  readonly goal: DrainGoal;
  /** Told of pods whose state has changed. @default nobody asks */
  readonly onPods?: ((pods: readonly PodProgress[]) => void) | undefined;
}

/** What all drains share. */
export interface DrainModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
}

type PartModules = KubeletCheckModules & PodProgressNewsModules & TurnsModules & VolumeWaitModules;

/** The parts of one drain, wired together; each is given this very object, as those of a workflow are. */
export class DrainParts implements PartModules {
  readonly node: string;
  readonly policy: DrainPolicy;
  readonly onPods: ((pods: readonly PodProgress[]) => void) | undefined;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
  readonly board = new PodBoard();
  readonly tasks = new TaskGroup();
  readonly daemonSets: DaemonSets;
  readonly warnings: PlanWarnings;
  readonly volumes: VolumeWait;
  readonly kubelet: KubeletCheck;
  readonly turns: Turns;
  readonly news: PodProgressNews;
  readonly #ended = new AbortController();
  #goal: DrainGoal;
  #changed = Promise.withResolvers<void>();

  constructor(options: DrainPartsOptions, modules: DrainModules) {
    this.node = options.node;
    this.policy = options.policy;
    this.#goal = options.goal;
    this.onPods = options.onPods;
    this.clock = modules.clock;
    this.cluster = modules.cluster;
    this.logger = modules.logger;
    this.metrics = modules.metrics;
    this.daemonSets = new DaemonSets(this);
    this.warnings = new PlanWarnings(this);
    this.volumes = new VolumeWait(this);
    this.kubelet = new KubeletCheck(this);
    this.turns = new Turns(this);
    this.news = new PodProgressNews(this);
  }

  get goal(): DrainGoal {
    return this.#goal;
  }

  set goal(goal: DrainGoal) {
    this.#goal = goal;
  }

  get urgency(): Instant {
    return urgencyOf(this.#goal);
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Cuts off whatever is under way. */
  end(): void {
    this.#ended.abort(notNeeded);
    this.board.stopAsking();
    this.wake();
  }

  spawn(task: Promise<void>): void {
    this.tasks.add(task, this);
  }

  wake(): void {
    this.#changed.resolve();
  }

  /** Resolves at the next `wake`. */
  changed(): Promise<void> {
    this.#changed = Promise.withResolvers();
    return this.#changed.promise;
  }
}
