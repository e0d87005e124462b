import { dnsNameOf, instanceXml, type FakeInstance } from './instance-xml.ts';

/** An error of EC2's query API. */
export class Ec2Error extends Error {
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

const mostValues = 200;

const valuesOf: Readonly<Record<string, (instance: FakeInstance) => readonly string[]>> = {
  'instance-id': ({ instanceId }) => [instanceId],
  'instance-state-name': ({ state = 'running' }) => [state],
  'private-dns-name': (instance) => [dnsNameOf(instance) ?? ''],
  'capacity-reservation-id': ({ capacityReservationId = '' }) => [capacityReservationId],
  'tag-key': ({ tags = {} }) => Object.keys(tags),
};

/** The answer to one call. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export function describeInstances(
  instances: ReadonlyMap<string, FakeInstance>,
  parameters: URLSearchParams,
): string {
  const ids = numbered(parameters, 'InstanceId');
  const filters = filtersOf(parameters);
  const pageSize = pageSizeOf(parameters, ids);
  const chosen = ids.length > 0 ? ids.map((id) => known(instances, id)) : [...instances.values()];
  const found = chosen.filter((instance) => filters.every((filter) => matches(instance, filter)));
  const from = tokenOf(parameters);
  const to = from + pageSize;
  const items = found
    .slice(from, to)
    .map(
      (instance) =>
        `<item><reservationId>r-1</reservationId><groupSet/><instancesSet>${instanceXml(instance)}</instancesSet></item>`,
    );
  const next = to < found.length ? `<nextToken>page-${to}</nextToken>` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><reservationSet>${items.join('')}</reservationSet>${next}</DescribeInstancesResponse>`;
}

/** One that is not known fails the call as a whole. */
function known(instances: ReadonlyMap<string, FakeInstance>, id: string): FakeInstance {
  if (!/^i-[0-9a-z-]+$/.test(id)) throw new Ec2Error('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  const instance = instances.get(id);
  if (instance) return instance;
  throw new Ec2Error('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}

function filtersOf(parameters: URLSearchParams): Filter[] {
  const filters: Filter[] = [];
  for (let number = 1; parameters.has(`Filter.${number}.Name`); number += 1) {
    const name = parameters.get(`Filter.${number}.Name`) ?? '';
    if (!(name in valuesOf)) {
      throw new Ec2Error('InvalidParameterValue', `The filter '${name}' is invalid`);
    }
    filters.push({ name, values: numbered(parameters, `Filter.${number}.Value`) });
  }
  if (filters.reduce((sum, { values }) => sum + values.length, 0) > mostValues) {
    const text = `The maximum number of filter values specified on a single call is ${mostValues}`;
    throw new Ec2Error('FilterLimitExceeded', text);
  }
  return filters;
}

function matches(instance: FakeInstance, { name, values }: Filter): boolean {
  const own = valuesOf[name]?.(instance) ?? [];
  return values.some((value) => own.some((it) => toPattern(value).test(it)));
}

/** `*` and `?` are wildcards where no backslash is before them. */
function toPattern(value: string): RegExp {
  const source = value.replaceAll(/\\(.)|([*?])|([^\w])/g, (_, plain, wildcard, other) => {
    if (wildcard !== undefined) return wildcard === '*' ? '.*' : '.';
    return `\\${String(plain ?? other)}`;
  });
  return new RegExp(`^${source}$`);
}

function pageSizeOf(parameters: URLSearchParams, ids: readonly string[]): number {
  const given = parameters.get('MaxResults');
  if (given === null) return Infinity;
  if (ids.length > 0) {
    const text = 'The parameter instancesSet cannot be used with the parameter maxResults';
    throw new Ec2Error('InvalidParameterCombination', text);
  }
  const size = Number(given);
  if (size >= 5 && size <= 1000) return size;
  throw new Ec2Error('InvalidParameterValue', `Value ( ${given} ) for parameter maxResults is invalid`);
}

function tokenOf(parameters: URLSearchParams): number {
  const token = parameters.get('NextToken');
  if (token === null) return 0;
  const [, from] = /^page-(\d+)$/.exec(token) ?? [];
  if (from === undefined) throw new Ec2Error('InvalidParameterValue', 'Invalid value for nextToken');
  return Number(from);
}

function numbered(parameters: URLSearchParams, name: string): string[] {
  const values: string[] = [];
  for (let number = 1; parameters.has(`${name}.${number}`); number += 1) {
    values.push(parameters.get(`${name}.${number}`) ?? '');
  }
  return values;
}
