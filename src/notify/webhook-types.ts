import { durationType } from './template/duration.ts';
import { timeType } from './template/time.ts';
import {
  boolType,
  floatType,
  intType,
  mapOf,
  sliceOf,
  stringType,
  type Field,
  type Type,
} from './template/types.ts';

/** A struct by its fields in Go's order; `name json` where JSON has another name. */
function struct(
  name: string,
  fields: Readonly<Record<string, Type>>,
  methods: Readonly<Record<string, Type>> = {},
): Type {
  const list = Object.entries(fields).map(([key, type]): Field => {
    const [field = '', json] = key.split(' ');
    return { name: field, type, ...(json !== undefined && { json }) };
  });
  return { name, kind: 'struct', fields: list, methods: new Map(Object.entries(methods)) };
}

/** NTH's, as the metadata service or the Node tells it. */
export const nodeMetadataType = struct('ec2metadata.NodeMetadata', {
  'AccountId accountId': stringType,
  'InstanceID instanceId': stringType,
  'InstanceLifeCycle instanceLifeCycle': stringType,
  'InstanceType instanceType': stringType,
  'PublicHostname publicHostname': stringType,
  'PublicIP publicIp': stringType,
  'LocalHostname localHostname': stringType,
  'LocalIP privateIp': stringType,
  'AvailabilityZone availabilityZone': stringType,
  'Region region': stringType,
});

/** NTH's. */
export const interruptionEventType = struct(
  'monitor.InterruptionEvent',
  {
    EventID: stringType,
    Kind: stringType,
    Monitor: stringType,
    Description: stringType,
    State: stringType,
    AutoScalingGroupName: stringType,
    NodeName: stringType,
    NodeLabels: mapOf(stringType),
    Pods: sliceOf(stringType),
    InstanceID: stringType,
    ProviderID: stringType,
    InstanceType: stringType,
    IsManaged: boolType,
    StartTime: timeType,
    EndTime: timeType,
    NodeProcessed: boolType,
    InProgress: boolType,
  },
  { IsRebalanceRecommendation: boolType, TimeUntilEvent: durationType },
);

/** Ours: one of the interruptions that are acted on together. */
export const interruptionType = struct('Interruption', {
  EventID: stringType,
  Kind: stringType,
  Monitor: stringType,
  Description: stringType,
  StartTime: timeType,
});

/** Ours: what became of one pod. */
export const podReportType = struct('PodReport', {
  Namespace: stringType,
  Name: stringType,
  Owner: stringType,
  Outcome: stringType,
  Because: stringType,
  AskedAt: timeType,
  GoneAt: timeType,
  GraceSeconds: intType,
  Refusals: intType,
});

/** Ours: what became of a drain. */
export const drainReportType = struct('DrainReport', {
  StartedAt: timeType,
  EndedAt: timeType,
  Seconds: floatType,
  SecondsToSpare: floatType,
  Complete: boolType,
  Pods: sliceOf(podReportType),
  LeftBehind: sliceOf(podReportType),
  Counts: mapOf(intType),
  VolumesAttached: intType,
});

/** What a webhook's template is given: NTH's fields, then ours. */
export const webhookDataType: Type = {
  name: 'webhook.combinedDrainData',
  kind: 'struct',
  fields: [
    { name: 'NodeMetadata', type: nodeMetadataType, embedded: true },
    { name: 'InterruptionEvent', type: interruptionEventType, embedded: true },
    { name: 'InstanceID', type: stringType },
    { name: 'InstanceType', type: stringType },
    { name: 'Moment', type: stringType },
    { name: 'Outcome', type: stringType },
    { name: 'Succeeded', type: boolType },
    { name: 'Troubles', type: sliceOf(stringType) },
    { name: 'DryRun', type: boolType },
    { name: 'Deadline', type: timeType },
    { name: 'Interruptions', type: sliceOf(interruptionType) },
    { name: 'Report', type: drainReportType },
  ],
};
