import { ApiError, type StatusCause } from './errors.ts';
import type { ApiObject, NodeObject, Taint } from './objects.ts';
import { events, type ResourceType } from './resources.ts';

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const taintEffects = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
const longestAnnotationsBytes = 256 * 1024;

const valueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const nameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const prefixRule =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Checks what a drain's marks touch: labels, annotations and taints. @throws 422 naming every fault. */
export function validate(type: ResourceType, object: ApiObject): void {
  const { labels = {}, annotations = {}, name } = object.metadata;
  const causes = [
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...nameFaults('metadata.labels', key),
      ...valueFaults('metadata.labels', value),
    ]),
    ...Object.keys(annotations).flatMap((key) => nameFaults('metadata.annotations', key.toLowerCase())),
    ...annotationsFaults(annotations),
    ...taintFaults((object as NodeObject).spec),
    ...(type === events ? eventFaults(object) : []),
  ];
  if (causes.length > 0) throw invalid(type, name, causes);
}

export function invalid(type: ResourceType, name: string, causes: StatusCause[]): ApiError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const message = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const group = type.group === '' ? {} : { group: type.group };
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  const details = { name, ...group, kind: type.kind, causes };
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${message}`, details);
}

export function fault(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

function nameFaults(field: string, key: string): StatusCause[] {
  const parts = key.split('/');
  const name = parts.pop() ?? '';
  const [prefix] = parts;
  return [
    ...(prefix !== undefined && !dnsSubdomain.test(prefix) ? [fault(field, key, prefixRule)] : []),
    ...(name.length > 63 ? [fault(field, key, 'name part must be no more than 63 bytes')] : []),
    ...(namePart.test(name) ? [] : [fault(field, key, nameRule)]),
  ];
}

function valueFaults(field: string, value: string): StatusCause[] {
  return [
    ...(value.length > 63 ? [fault(field, value, 'must be no more than 63 bytes')] : []),
    ...(labelValue.test(value) ? [] : [fault(field, value, valueRule)]),
  ];
}

function annotationsFaults(annotations: Readonly<Record<string, string>>): StatusCause[] {
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (bytes <= longestAnnotationsBytes) return [];
  const message = `Too long: may not be more than ${longestAnnotationsBytes} bytes`;
  return [{ reason: 'FieldValueTooLong', message, field: 'metadata.annotations' }];
}

function taintFaults(spec: NodeObject['spec'] | undefined): StatusCause[] {
  const seen = new Set<string>();
  return (spec?.taints ?? []).flatMap((taint, index) => {
    const { key, value = '', effect } = taint;
    const place = `metadata.taints[${index}]`;
    const identity = `${key} ${effect}`;
    const isDuplicate = seen.has(identity);
    seen.add(identity);
    return [
      ...nameFaults(`${place}.key`, key),
      ...valueFaults(`${place}.value`, value),
      ...(taintEffects.has(effect)
        ? []
        : [
            {
              reason: 'FieldValueNotSupported',
              message: `Unsupported value: ${JSON.stringify(effect)}: supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
              field: `${place}.effect`,
            },
          ]),
      ...(isDuplicate
        ? [
            {
              reason: 'FieldValueDuplicate',
              message: `Duplicate value: ${goText(taint)}: taints must be unique by key and effect pair`,
              field: place,
            },
          ]
        : []),
    ];
  });
}

/** What an event is about lives in the event's namespace; a node's in default. */
function eventFaults({ metadata, ...event }: ApiObject): StatusCause[] {
  const { involvedObject = {} } = event as { involvedObject?: { namespace?: string } };
  const { namespace = 'default' } = involvedObject;
  if (namespace === metadata.namespace) return [];
  return [
    fault('involvedObject.namespace', involvedObject.namespace ?? '', 'does not match event.namespace'),
  ];
}

/** As Go prints the struct. */
function goText({ key, value = '', effect, timeAdded }: Taint): string {
  return JSON.stringify({ Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null });
}
