import type {
  AttemptEnd,
  WorkflowNews,
  WorkflowObserver,
  WorkflowSummary,
} from '../handling/workflow-observer.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { EndedStatus, RunningStatus } from './document.ts';
import { EndedWorkflows } from './ended-workflows.ts';
import { reportStatus } from './report-status.ts';
import { RunningPods } from './running-pods.ts';
import { shortened } from './shortened.ts';
import { WorkflowFacts } from './workflow-facts.ts';

/** Running workflows that are shown; the others are counted. */
const mostRunning = 100;
/** Pods known in full, of all running workflows together and at the most of one. */
const mostPods = 2500;
const mostPodsOfOne = 60;
const fewestPodsOfOne = 5;
/** Causes of an end that are kept. */
const mostTroubles = 10;

interface Running {
  readonly facts: WorkflowFacts;
  readonly pods: RunningPods;
  markTrouble: string | undefined;
  waitsUntil: Instant | undefined;
  end: AttemptEnd | undefined;
  failure: string | undefined;
}

/**
 * What all workflows are doing and what the last of them did, in bounded memory: what is cut is counted. It only
 * takes down what it is told, and is asked when somebody looks.
 */
export class StatusBoard implements WorkflowObserver {
  readonly name = 'status page';
  readonly #running = new Map<number, Running>();
  readonly #ended = new EndedWorkflows();

  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void {
    const running = this.#running.get(workflow.id) ?? this.#begin(news, workflow);
    if (!running) return;
    running.facts.observe(news, workflow, at);
    switch (news.type) {
      case 'action':
        if (news.action === 'pre-drain' || news.action === 'uncordon') running.markTrouble = news.trouble;
        break;
      case 'waits':
        running.waitsUntil = news.until;
        break;
      case 'drain-began':
        running.waitsUntil = undefined;
        break;
      case 'pods':
        running.pods.observe(news.pods, this.#podsOfOne);
        break;
      case 'attempted':
        running.end = news;
        break;
      case 'failed':
        running.failure = news.error instanceof Error ? news.error.message : String(news.error);
        break;
      case 'ended':
        this.#running.delete(workflow.id);
        this.#ended.add({
          status: endedStatus(running, news.outcome ?? 'released', at),
          interruptionIds: running.facts.interruptionIds,
        });
        break;
      case 'received':
      case 'cancelled':
      case 'phase':
      case 'marked':
      case 'drain-broken-off':
        break;
    }
  }

  get counts(): { readonly running: number; readonly blocked: number } {
    return {
      running: this.#running.size,
      blocked: [...this.#running.values()].filter(isBlocked).length,
    };
  }

  /** The earliest deadline first, those without one last. */
  get running(): { readonly listed: readonly RunningStatus[]; readonly notListed: number } {
    const all = [...this.#running.values()].sort(
      (a, b) => (a.facts.deadline ?? Infinity) - (b.facts.deadline ?? Infinity) || a.facts.id - b.facts.id,
    );
    const listed = all.slice(0, mostRunning);
    return { listed: listed.map(runningStatus), notListed: all.length - listed.length };
  }

  get ended(): readonly EndedStatus[] {
    return this.#ended.newestFirst;
  }

  /** @returns undefined where it has ended already */
  #begin({ type }: WorkflowNews, workflow: WorkflowSummary): Running | undefined {
    if (type !== 'received' && type !== 'cancelled') return undefined;
    const running: Running = {
      facts: new WorkflowFacts(workflow),
      pods: new RunningPods(),
      markTrouble: undefined,
      waitsUntil: undefined,
      end: undefined,
      failure: undefined,
    };
    this.#running.set(workflow.id, running);
    return running;
  }

  get #podsOfOne(): number {
    const share = Math.floor(mostPods / Math.max(this.#running.size, 1));
    return Math.min(mostPodsOfOne, Math.max(fewestPodsOfOne, share));
  }
}

function isBlocked({ pods, markTrouble }: Running): boolean {
  return pods.isBlocked || markTrouble !== undefined;
}

function runningStatus({ facts, pods, markTrouble, waitsUntil }: Running): RunningStatus {
  return {
    ...facts.shown,
    phase: facts.phase,
    waitsUntil,
    markTrouble,
    podCounts: pods.counts,
    blocks: pods.blocks,
    pods: pods.listed,
    podsNotListed: pods.notListed,
  };
}

function endedStatus({ facts, end, failure }: Running, outcome: string, at: Instant): EndedStatus {
  return {
    ...facts.shown,
    endedAt: at,
    outcome,
    attempts: 1,
    troubles: [...(failure === undefined ? [] : [failure]), ...(end?.troubles ?? [])]
      .slice(0, mostTroubles)
      .map(shortened),
    report: end?.report && reportStatus(end.report),
  };
}
