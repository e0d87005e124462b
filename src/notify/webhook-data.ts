import type { InstanceFacts } from '../instance-facts.ts';
import {
  isLeftBehind,
  outcomeCounts,
  secondsToSpare,
  type DrainReport,
  type PodRecord,
} from '../drain/report.ts';
import type { AttemptEnd, WorkflowSummary } from '../handling/workflow-observer.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import { duration } from './template/duration.ts';
import { GoTime } from './template/time.ts';
import { intType, mapOf, sliceOf } from './template/types.ts';
import {
  GoList,
  GoMap,
  GoStruct,
  int,
  stringMap,
  strings,
  type MethodTable,
  type Value,
} from './template/values.ts';
import {
  drainReportType,
  interruptionEventType,
  interruptionType,
  nodeMetadataType,
  podReportType,
  webhookDataType,
} from './webhook-types.ts';

/** When a webhook is posted. */
export const webhookMoments = ['received', 'done', 'failed'] as const;
export type WebhookMoment = (typeof webhookMoments)[number];

/** Who a node is. */
export interface NodeMetadata extends InstanceFacts {
  readonly providerId: string;
  /** In queue mode: the instance is one that is managed. */
  readonly isManaged: boolean;
}

/** One post, as plain data. */
export interface Notice {
  readonly moment: WebhookMoment;
  readonly at: Instant;
  readonly workflow: WorkflowSummary;
  /** Which of the workflow's it tells of. */
  readonly interruption: Interruption;
  /** undefined before the attempt. */
  readonly end: AttemptEnd | undefined;
}

/** What is read for a notice. */
export interface NoticeFacts {
  readonly metadata: NodeMetadata;
  readonly nodeLabels: Readonly<Record<string, string>>;
  /** Of the pods that were on the node before the attempt. */
  readonly podNames: readonly string[];
}

/** The data of a webhook's template. */
export function webhookData(notice: Notice, facts: NoticeFacts): GoStruct {
  const { moment, workflow, interruption, end } = notice;
  const { metadata } = facts;
  const instanceId = interruption.where.instanceId ?? metadata.instanceId;
  return new GoStruct(webhookDataType, {
    NodeMetadata: new GoStruct(nodeMetadataType, {
      AccountId: metadata.accountId,
      InstanceID: metadata.instanceId,
      InstanceLifeCycle: metadata.instanceLifeCycle,
      InstanceType: metadata.instanceType,
      PublicHostname: metadata.publicHostname,
      PublicIP: metadata.publicIp,
      LocalHostname: metadata.localHostname,
      LocalIP: metadata.localIp,
      AvailabilityZone: metadata.availabilityZone,
      Region: metadata.region,
    }),
    InterruptionEvent: interruptionEvent(notice, facts),
    InstanceID: instanceId,
    InstanceType: metadata.instanceType,
    Moment: moment,
    Outcome: end?.outcome ?? '',
    Succeeded: moment === 'done',
    Troubles: strings(end?.troubles ?? []),
    DryRun: workflow.dryRun,
    Deadline: timeOf(workflow.deadline),
    Interruptions: new GoList(
      sliceOf(interruptionType),
      workflow.interruptions.map((it) => new GoStruct(interruptionType, commonFields(it))),
    ),
    Report: drainReport(end?.report),
  });
}

function interruptionEvent(
  { at, interruption, workflow }: Notice,
  { metadata, nodeLabels, podNames }: NoticeFacts,
): GoStruct {
  const { where, endTime, startTime, kind } = interruption;
  const methods: MethodTable = new Map<string, () => Value>([
    ['IsRebalanceRecommendation', () => kind === 'REBALANCE_RECOMMENDATION'],
    ['TimeUntilEvent', () => duration(BigInt(Math.round(startTime - at)) * 1_000_000n)],
  ]);
  const fields = {
    ...commonFields(interruption),
    State: stateOf(interruption),
    AutoScalingGroupName: groupOf(interruption),
    NodeName: workflow.node,
    NodeLabels: stringMap(nodeLabels),
    Pods: strings(podNames),
    InstanceID: where.instanceId ?? '',
    ProviderID: where.providerId ?? metadata.providerId,
    InstanceType: metadata.instanceType,
    IsManaged: metadata.isManaged,
    EndTime: timeOf(endTime),
    NodeProcessed: false,
    InProgress: true,
  };
  return new GoStruct(interruptionEventType, fields, methods);
}

function commonFields(interruption: Interruption) {
  return {
    EventID: interruption.id,
    Kind: interruption.kind,
    Monitor: interruption.monitor,
    Description: interruption.description,
    StartTime: timeOf(interruption.startTime),
  };
}

/** Maintenance that is over or called off is not acted on. */
function stateOf(interruption: Interruption): string {
  if (interruption.kind === 'SCHEDULED_EVENT') return 'active';
  return interruption.kind === 'STATE_CHANGE' ? interruption.state : '';
}

/** All zeros where nothing was drained, so that templates can name its fields at every moment. */
function drainReport(report: DrainReport | undefined): GoStruct {
  const pods = report?.pods ?? [];
  const counts = report ? [...outcomeCounts(report)] : [];
  const podsType = sliceOf(podReportType);
  return new GoStruct(drainReportType, {
    StartedAt: timeOf(report?.startedAt),
    EndedAt: timeOf(report?.endedAt),
    Seconds: report ? (report.endedAt - report.startedAt) / 1000 : 0,
    SecondsToSpare: report ? (secondsToSpare(report) ?? 0) : 0,
    Complete: report?.complete ?? false,
    Pods: new GoList(podsType, pods.map(podReport)),
    LeftBehind: new GoList(podsType, pods.filter(isLeftBehind).map(podReport)),
    Counts: new GoMap(mapOf(intType), new Map(counts.map(([outcome, count]) => [outcome, int(count)]))),
    VolumesAttached: int(report?.volumesAttached ?? 0),
  });
}

function podReport(pod: PodRecord): GoStruct {
  return new GoStruct(podReportType, {
    Namespace: pod.namespace,
    Name: pod.name,
    Owner: pod.owner ?? '',
    Outcome: pod.outcome,
    Because: pod.because,
    AskedAt: timeOf(pod.askedAt),
    GoneAt: timeOf(pod.goneAt),
    GraceSeconds: int(pod.graceSeconds ?? 0),
    Refusals: int(pod.refusals),
  });
}

/** Go's zero time where there is none. */
function timeOf(instant: Instant | undefined): GoTime {
  return instant === undefined ? GoTime.zero : GoTime.ofMs(instant);
}

function groupOf(interruption: Interruption): string {
  return ('hook' in interruption ? interruption.hook : undefined)?.group ?? '';
}
