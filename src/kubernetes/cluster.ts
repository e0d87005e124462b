import type { Instant, Interruption, InterruptionKind, Over } from '../interruption/interruption.ts';
import type { MarkedSignal, MarkState } from './mark-state.ts';

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  /** Kept as it is when the list is written back. */
  readonly timeAdded?: string;
}

/** What we use of a Node object. */
export interface NodeView {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly providerId: string | undefined;
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One write to a Node; what isn't named stays as it is. null removes. */
export interface NodePatch {
  /** Where given, the write is refused when the Node has changed since this version was read. */
  readonly resourceVersion?: string;
  readonly unschedulable?: boolean;
  /** The whole list, others' taints included: the version lock makes that safe. */
  readonly taints?: readonly Taint[];
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  /** A pod re-created under the same name is another pod. */
  readonly uid: string;
}

export interface PodOwner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** What a pod's owner asks of a drain, by annotations; docs/draining.md has them. */
export interface PodWishes {
  /** `skip`: stays on the node. `wait`: runs until it has finished, as long as the deadline allows. `last`: after the others. */
  readonly drain: 'skip' | 'wait' | 'last' | undefined;
  readonly gracePeriodSeconds: number | undefined;
  /** The cluster autoscaler's or Karpenter's annotation says so. */
  readonly doNotDisrupt: boolean;
  /** One line for each annotation of ours whose value can't be used. */
  readonly unreadable: readonly string[];
}

/** What we use of a Pod object. */
export interface PodView extends PodRef {
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  readonly phase: string;
  readonly ready: boolean;
  /** The controller among its owners. */
  readonly owner: PodOwner | undefined;
  /** A static pod: the API server shows a mirror of it, which can't be evicted. */
  readonly isMirror: boolean;
  readonly usesEmptyDir: boolean;
  readonly gracePeriodSeconds: number;
  readonly priorityClass: string | undefined;
  /** What its annotations ask of a drain. */
  readonly wishes: PodWishes;
  /** Containers that have not ended, by name. */
  readonly runningContainers: readonly string[];
  /** It has volumes that are attached to the node. */
  readonly usesClaims: boolean;
  /** Set once the pod has been asked to leave; the instant by which the kubelet kills it. */
  readonly deletionAt: Instant | undefined;
}

/** Changes of the pods on a node, in the order in which they happened. */
export type PodChange =
  | { readonly type: 'present'; readonly pod: PodView }
  | { readonly type: 'gone'; readonly uid: string }
  /** Every pod that is there now: changes may have been missed. */
  | { readonly type: 'all'; readonly pods: readonly PodView[] };

/** What we use of a PodDisruptionBudget. https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
export interface BudgetView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly selector: LabelSelector;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  /** Pods, by name, whose eviction was counted at this instant but whose end has not been seen yet. */
  readonly disruptedPods: ReadonlyMap<string, Instant>;
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Why an eviction was refused; each is tried again. */
export type RefusalCause =
  /** A PodDisruptionBudget does not allow it now. */
  | 'budget'
  /** HTTP 409: another pod has this name by now, or a write crossed ours. The pod watch tells which. */
  | 'conflict'
  /** The API server has too much to do; everything pauses. */
  | 'overloaded'
  /** HTTP 5xx, no answer, or no connection. */
  | 'unavailable'
  | 'namespace-terminating'
  /** The right is missing, or an admission webhook or policy says no. */
  | 'denied';

/** The API server's answer to "please leave". */
export type AskAnswer =
  | { readonly answer: 'asked' }
  | { readonly answer: 'gone' }
  | {
      readonly answer: 'refused';
      readonly cause: RefusalCause;
      readonly text: string;
      /** Of HTTP; undefined where no answer came. */
      readonly status: number | undefined;
    };

/**
 * How urgent a request is. Marks have a lane of their own, and so have last calls: to pods whose latest instant has
 * come, before the machine's end at that instant. Among them and within the drain lane the earlier instant goes first;
 * what tells of pods is one of the drain lane, unless that is stuck; what only tells of the work is sent when nobody else
 * has anything to send.
 */
export type Urgency = 'mark' | LastCall | TellsOfPods | Instant | 'background';

export interface LastCall {
  readonly lastCall: Instant;
}

/** It waits behind nothing that hangs: a pod that nobody knows of gets no last call. */
export interface TellsOfPods {
  readonly tellsOfPods: Instant;
}

/** What a node is to carry, said in terms of why. */
export interface Marks {
  readonly interruptions: readonly {
    readonly interruption: Interruption;
    readonly deadline: Instant | undefined;
  }[];
  /** Interruptions that are over: when none is left, all that was ours is taken away. */
  readonly over: readonly Over[];
  /** What is over may be shown by AWS for a while yet: the node remembers that it has been dealt with. */
  readonly remembersOver: boolean;
  /** Marks that belong to a drain only: the load balancers' label, the labels for the time after a reboot. */
  readonly forDrain: boolean;
  readonly phase: 'marked' | 'drained';
  /** Lets volumes be detached at once, by force: only for a machine that ends, and whose pods have left. */
  readonly outOfService: boolean;
}

/** What a Node carries by which an earlier process, ours or NTH's, can be recognised. */
export interface NodeMemory {
  readonly signals: readonly MarkedSignal[];
  readonly phase: MarkState['phase'];
  /** Of a node whose machine is to come back. */
  readonly drainedAt?: Instant;
  /** Events that have been dealt with, although AWS may show them for a while. */
  readonly done: readonly Over[];
  /** The node is to be uncordoned after a reboot. */
  readonly reboot:
    | { readonly eventId: string | undefined; readonly markedAt: Instant | undefined }
    | undefined;
  /** Some of its conditions are ours. */
  readonly hasConditions: boolean;
}

/** A Node that carries marks of ours, or did a moment ago. */
export interface FleetNode {
  readonly name: string;
  readonly isReady: boolean;
  /** When it became ready, or ceased to be, by the cluster's clock; 0 where that is not told. */
  readonly readyChangedAt: Instant;
  readonly memory: Omit<NodeMemory, 'hasConditions'>;
  /** Of what it is marked for, that which came by a queue: it can be taken up from here. */
  readonly interruptions: readonly Interruption[];
}

/** The nodes of the cluster, above all those that are marked. */
export interface FleetNodes {
  /** Resolves once the nodes are known. */
  readonly listed: Promise<void>;
  marked(): Iterable<FleetNode>;
  byName(name: string): FleetNode | undefined;
  /** Each change of a node that carries marks, or did before. @returns ends it */
  onChange(
    listener: (name: string, now: FleetNode | undefined, before: FleetNode | undefined) => void,
  ): () => void;
}

export type MarkResult =
  | 'marked'
  | 'was-marked'
  /** What is over is taken off, and the node stays marked for others. */
  | 'marked-for-others'
  /** The Node is that of none of the instances that it was to be marked for; nothing was written. */
  | 'other-machine'
  | 'no-such-node';

/** Kubernetes in our words. Methods throw `ApiError`, or the signal's reason. */
export interface Cluster {
  /**
   * Cordon, taints, labels and the annotation that remembers what was ours: in one write, in the lane of marks.
   * @param marks called once, when its turn has come
   */
  markNode(name: string, marks: () => Marks, signal: AbortSignal): Promise<MarkResult>;
  /** undefined where there is no such Node. */
  memoryOf(name: string, signal: AbortSignal): Promise<NodeMemory | undefined>;
  podsOn(node: string, urgency: Urgency, signal: AbortSignal): Promise<{ readonly pods: readonly PodView[] }>;
  /**
   * Follows the pods of a node. Ends with the signal, or where the pods can't be listed: lost connections, expired
   * versions and silence of the watch are its own affair.
   * @param take is told of all pods first, then of each change; must not throw
   */
  followPods(
    node: string,
    urgency: Instant,
    take: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * @param gracePeriodSeconds undefined: the pod's own
   * @param onTurn called when the request has waited for its turn and is sent
   */
  evict(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
    onTurn?: () => void,
  ): Promise<AskAnswer>;
  /**
   * Deletes, which no budget can refuse. The pod first gets the condition that an eviction would have set, since
   * a Job counts a failure otherwise; without the right to do so it is deleted all the same.
   * @param onTurn called when the request has waited for its turn and is sent
   */
  deletePod(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
    onTurn?: () => void,
  ): Promise<AskAnswer>;
  /** The budgets of a namespace now, and again whenever one changes. Ends early without the rights to know. */
  budgetsIn(namespace: string, urgency: Urgency, signal: AbortSignal): AsyncIterable<readonly BudgetView[]>;
  /** How many volumes are attached to the node, now and at each change. Ends early without the rights to know. */
  attachmentsOn(node: string, urgency: Urgency, signal: AbortSignal): AsyncIterable<number>;
  /** Whether the kubelet reports the node as ready; undefined where there is no such Node. */
  isNodeReady(node: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** false only where the API server says that it is not there; undefined where it can't be told now. */
  daemonSetExists(
    namespace: string,
    name: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<boolean | undefined>;
}

/** What a Kubernetes event is about. */
export interface EventSubject {
  readonly kind: 'Node' | 'Pod' | 'PodDisruptionBudget';
  /** Of what has one. */
  readonly namespace?: string;
  readonly name: string;
  /** A node's is found out. */
  readonly uid?: string;
}

/** Something that happened, to be shown with the object it is about. */
export interface KubernetesEvent {
  readonly about: EventSubject;
  readonly isWarning: boolean;
  /** In one word, by which events are found. */
  readonly reason: string;
  readonly message: string;
  /** A node's are found out. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly at: Instant;
}

/** Takes Kubernetes events and puts them in the background. */
export interface EventSink {
  /** Returns at once, and never throws. */
  emit(event: KubernetesEvent): void;
}

/** One of a Node's conditions. https://kubernetes.io/docs/reference/node/node-status/#condition */
export interface NodeCondition {
  readonly type: 'MaintenancePlanned' | 'MaintenanceInProgress' | 'DrainInProgress' | 'Drained';
  readonly isTrue: boolean;
  /** The kind of interruption: by it ours are known from those of others. */
  readonly reason: InterruptionKind;
  readonly message: string;
}

/** Takes what a node's conditions are to be, and writes them in the background. */
export interface ConditionSink {
  /** Returns at once, and never throws. What of ours is not among them is taken away. */
  set(node: string, conditions: readonly NodeCondition[]): void;
}

/** A request that the API server refused, or that never reached it (`status` undefined). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number | undefined;
  /** The Status object's `reason`, e.g. Forbidden, Conflict, Expired. */
  readonly reason: string | undefined;
  /** The server has too much to do: all requests to it pause. */
  readonly isPushback: boolean;

  constructor(
    message: string,
    details: { status?: number | undefined; reason?: string | undefined; isPushback?: boolean },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = details.status;
    this.reason = details.reason;
    this.isPushback = details.isPushback ?? false;
  }
}
