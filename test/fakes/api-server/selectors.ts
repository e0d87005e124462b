import { badRequest } from './errors.ts';
import type { ApiObject, LabelSelector } from './objects.ts';
import type { ResourceType } from './resources.ts';

export type Matcher = (object: ApiObject) => boolean;

/** A list's or watch's labelSelector and fieldSelector together. */
export function matcher(type: ResourceType, query: URLSearchParams): Matcher {
  const labels = labelMatcher(query.get('labelSelector') ?? '');
  const fields = fieldMatcher(type, query);
  return (object) => labels(object.metadata.labels ?? {}) && fields(object);
}

export function hasSelector(query: URLSearchParams): boolean {
  return (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
}

type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

/** Commas inside brackets belong to a set. */
const requirementEnd = /,(?![^(]*\))/;
const setRequirement = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const equality = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const existence = /^(!?)\s*([^\s!=,()]+)$/;

export function labelMatcher(selector: string): LabelMatcher {
  if (selector.trim() === '') return () => true;
  const requirements = selector.split(requirementEnd).map((text) => requirement(text.trim()));
  return (labels) => requirements.every((matches) => matches(labels));
}

function requirement(text: string): LabelMatcher {
  const [, setKey, operator, values] = setRequirement.exec(text) ?? [];
  if (setKey !== undefined && values !== undefined) {
    const set = new Set(values.split(',').map((value) => value.trim()));
    const wanted = operator === 'in';
    return (labels) => {
      const value = labels[setKey];
      return value === undefined ? !wanted : set.has(value) === wanted;
    };
  }
  const [, key, sign, value] = equality.exec(text) ?? [];
  if (key !== undefined) return (labels) => (labels[key] === value) === (sign !== '!=');
  const [, not, name] = existence.exec(text) ?? [];
  if (name !== undefined) return (labels) => (labels[name] === undefined) === (not === '!');
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)}`);
}

function fieldMatcher(type: ResourceType, query: URLSearchParams): Matcher {
  const selector = query.get('fieldSelector') ?? '';
  const terms = selector.split(',').filter((term) => term !== '');
  const requirements = terms.map((term) => {
    const [, field, sign, value] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    if (field === undefined) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
    return { field, equal: sign !== '!=', value };
  });
  const unknown = requirements.find(({ field }) => !knowsField(type, field));
  if (unknown !== undefined) {
    throw badRequest(`field label not supported: ${unknown.field}`);
  }
  return (object) => {
    const fields = fieldsOf(type, object);
    return requirements.every(({ field, equal, value }) => (fields[field] === value) === equal);
  };
}

function fieldsOf(type: ResourceType, object: ApiObject): Record<string, string | undefined> {
  const { name, namespace = '' } = object.metadata;
  return { 'metadata.name': name, 'metadata.namespace': namespace, ...type.fields?.(object) };
}

function knowsField(type: ResourceType, field: string): boolean {
  const nothing = {
    metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
    spec: {},
    status: {},
  };
  return field in fieldsOf(type, nothing);
}

/** A budget's or controller's selector; none matches nothing, an empty one everything (policy/v1). */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        default:
          return value === undefined;
      }
    })
  );
}
