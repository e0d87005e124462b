import type { PodProgress } from '../drain/pod-progress.ts';
import type { WorkflowNews, WorkflowObserver, WorkflowSummary } from '../handling/workflow-observer.ts';
import type { Instant, Interruption, InterruptionKind, MonitorName } from '../interruption/interruption.ts';
import type { BudgetView, EventSink } from '../kubernetes/cluster.ts';

type Action = Extract<WorkflowNews, { type: 'action' }>['action'];

/** NTH's reasons; one that is unknown to it is what a launch hook is to it as well. */
const kindReasons: Readonly<Record<InterruptionKind, string>> = {
  SPOT_ITN: 'SpotInterruption',
  SCHEDULED_EVENT: 'ScheduledEvent',
  REBALANCE_RECOMMENDATION: 'RebalanceRecommendation',
  ASG_LIFECYCLE: 'ASGLifecycle',
  ASG_LAUNCH_LIFECYCLE: 'UnknownInterruption',
  STATE_CHANGE: 'StateChange',
};

/** NTH's reasons and texts. A failure has the reason with `Error` at its end, and says why. */
const actionTexts: Readonly<
  Record<Action, { readonly reason: string; readonly done: string; readonly failed: string }>
> = {
  'pre-drain': {
    reason: 'PreDrain',
    done: 'Pre-drain task successfully executed',
    failed: 'There was a problem executing the pre-drain task',
  },
  cordon: {
    reason: 'Cordon',
    done: 'Node successfully cordoned',
    failed: 'There was a problem while trying to cordon the node',
  },
  'cordon-and-drain': {
    reason: 'CordonAndDrain',
    done: 'Node successfully cordoned and drained',
    failed: 'There was a problem while trying to cordon and drain the node',
  },
  'post-drain': {
    reason: 'PostDrain',
    done: 'Post-drain task successfully executed',
    failed: 'There was a problem executing the post-drain task',
  },
  uncordon: {
    reason: 'Uncordon',
    done: 'Node successfully uncordoned',
    failed: 'There was a problem while trying to uncordon the node',
  },
};

/** Tells of workflows by Kubernetes events, under NTH's reasons and with its texts. A dry run tells nothing. */
export class NodeEvents implements WorkflowObserver {
  readonly name = 'kubernetes-events';
  readonly #sink: EventSink;
  /** By workflow: the pods that were told of. */
  readonly #toldPods = new Map<number, Set<string>>();
  /** By workflow: the pods that budgets hold, by uid. */
  readonly #heldPods = new Map<number, Map<string, PodProgress>>();

  constructor(modules: { readonly sink: EventSink }) {
    this.#sink = modules.sink;
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void {
    if (workflow.dryRun) return;
    switch (news.type) {
      case 'received': {
        this.received(news.interruption, workflow.node, at);
        // There may be a deadline now.
        this.#tellHeld(this.#heldPods.get(workflow.id)?.values() ?? [], workflow, at);
        return;
      }
      case 'action':
        this.#acted(news.action, news.trouble, workflow.node, at);
        return;
      case 'drain-broken-off':
        this.#onNode(workflow.node, at, 'CancelDrain', 'Drain cancelled, for there is no more reason for it');
        return;
      case 'pods':
        for (const pod of news.pods) this.#onPod(pod, workflow, at);
        return;
      case 'ended':
        this.#toldPods.delete(workflow.id);
        this.#heldPods.delete(workflow.id);
        return;
      case 'cancelled':
      case 'phase':
      case 'marked':
      case 'waits':
      case 'drain-began':
      case 'attempted':
      case 'failed':
    }
  }

  /** AWS's words, under the reason of the kind. */
  received({ kind, description }: Interruption, node: string, at: Instant): void {
    this.#onNode(node, at, kindReasons[kind], description.trim());
  }

  /** A source of interruptions can't be asked. @param node the one that this daemon runs on */
  monitorFailed(monitor: MonitorName, node: string, at: Instant): void {
    const message = `There was a problem monitoring for events in monitor '${monitor}'`;
    this.#onNode(node, at, 'MonitorError', message, true);
  }

  #acted(action: Action, trouble: string | undefined, node: string, at: Instant): void {
    const { reason, done, failed } = actionTexts[action];
    if (trouble === undefined) this.#onNode(node, at, reason, done);
    else this.#onNode(node, at, `${reason}Error`, `${failed}: ${trouble}`, true);
  }

  #onNode(name: string, at: Instant, reason: string, message: string, isWarning = false): void {
    this.#sink.emit({ about: { kind: 'Node', name }, isWarning, reason, message, at });
  }

  #onPod(pod: PodProgress, workflow: WorkflowSummary, at: Instant): void {
    const held = this.#heldPods.get(workflow.id) ?? new Map<string, PodProgress>();
    this.#heldPods.set(workflow.id, held);
    held.delete(pod.uid);
    if (pod.askedBy !== undefined) this.#asked(pod, workflow, at);
    else if (pod.state === 'refused' && pod.budgets.length > 0) {
      held.set(pod.uid, pod);
      this.#tellHeld([pod], workflow, at);
    }
  }

  /** On the budgets, that they hold up a drain, where that has an end. */
  #tellHeld(pods: Iterable<PodProgress>, { node, deadline }: WorkflowSummary, at: Instant): void {
    if (deadline === undefined) return;
    for (const pod of pods) for (const budget of pod.budgets) this.#holdsUp(budget, pod, node, deadline, at);
  }

  /** On the pod, why it was evicted or deleted; once. */
  #asked(pod: PodProgress, workflow: WorkflowSummary, at: Instant): void {
    const told = this.#toldPods.get(workflow.id) ?? new Set();
    this.#toldPods.set(workflow.id, told);
    if (told.has(pod.uid)) return;
    told.add(pod.uid);
    const { namespace, name, uid, labels, askedBy } = pod;
    const { node, interruptions } = workflow;
    const isEviction = askedBy === 'eviction';
    const verb = isEviction
      ? 'evicted'
      : `deleted ${pod.lastRefusal === 'budget' ? 'past its disruption budget' : 'instead of evicted'}`;
    const why = interruptions.map((it) => it.description.trim()).join('; ');
    this.#sink.emit({
      about: { kind: 'Pod', namespace, name, uid },
      isWarning: !isEviction,
      reason: isEviction ? 'PodEviction' : 'PodDeletion',
      message: `Pod ${verb} due to node drain (node ${node})${why === '' ? '' : `: ${why}`}`,
      annotations: { ...labels, node },
      at,
    });
  }

  #holdsUp(budget: BudgetView, pod: PodProgress, node: string, deadline: Instant, at: Instant): void {
    const { namespace, name, uid, desiredHealthy, currentHealthy } = budget;
    const time = new Date(deadline).toISOString().replace(/\.\d+Z$/, 'Z');
    const why =
      pod.budgets.length > 1
        ? `pod ${pod.name} falls under more than one budget, which Kubernetes does not support`
        : `needs ${desiredHealthy} healthy, has ${currentHealthy}`;
    this.#sink.emit({
      about: { kind: 'PodDisruptionBudget', namespace, name, uid },
      isWarning: true,
      reason: 'DrainBlocked',
      message: `Holds up the drain of node ${node}, whose deadline is ${time}: ${why}`,
      annotations: { node },
      at,
    });
  }
}
