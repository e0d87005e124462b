/** The services that are called. */
export type AwsService = 'sqs' | 'ec2' | 'autoscaling' | 'sts';

export interface EndpointOptions {
  readonly region: string;
  /** In place of every service's own endpoint. */
  readonly endpoint?: string | undefined;
  readonly useFips?: boolean;
  readonly useDualStack?: boolean;
}

interface Partition {
  readonly regions: RegExp;
  readonly suffix: string;
  readonly dualStackSuffix: string;
  /** The usual endpoints are FIPS ones, and there are no others. */
  readonly isFips?: true;
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions: readonly Partition[] = [
  { regions: /^cn-/, suffix: 'amazonaws.com.cn', dualStackSuffix: 'api.amazonwebservices.com.cn' },
  { regions: /^us-gov-/, suffix: 'amazonaws.com', dualStackSuffix: 'api.aws', isFips: true },
  { regions: /^us-iso-/, suffix: 'c2s.ic.gov', dualStackSuffix: 'api.aws.ic.gov' },
  { regions: /^us-isob-/, suffix: 'sc2s.sgov.gov', dualStackSuffix: 'api.aws.scloud' },
  { regions: /^eu-isoe-/, suffix: 'cloud.adc-e.uk', dualStackSuffix: 'api.cloud-aws.adc-e.uk' },
  { regions: /^us-isof-/, suffix: 'csp.hci.ic.gov', dualStackSuffix: 'api.aws.hci.ic.gov' },
  { regions: /^eusc-/, suffix: 'amazonaws.eu', dualStackSuffix: 'api.amazonwebservices.eu' },
];
const usual: Partition = { regions: /./, suffix: 'amazonaws.com', dualStackSuffix: 'api.aws' };

/** Where a service of a region is asked. https://docs.aws.amazon.com/general/latest/gr/rande.html */
export function endpointOf(service: AwsService, options: EndpointOptions): URL {
  const { region, endpoint, useFips = false, useDualStack = false } = options;
  // Roles are not assumed at an endpoint that was given for the other services.
  if (endpoint !== undefined && service !== 'sts') return new URL(endpoint);
  const partition = partitions.find(({ regions }) => regions.test(region)) ?? usual;
  const suffix = useDualStack ? partition.dualStackSuffix : partition.suffix;
  const isMarkedFips = useFips && (useDualStack || !partition.isFips);
  return new URL(`https://${service}${isMarkedFips ? '-fips' : ''}.${region}.${suffix}/`);
}

/** The public names of SQS, old ones as well, in front of a partition's own ending. */
const publicQueueHost = /^(?:sqs|sqs-fips|queue|[a-z0-9-]+\.queue)\./;
const publicEndings = [usual, ...partitions].flatMap(({ suffix, dualStackSuffix }) => [
  suffix,
  dualStackSuffix,
]);

/**
 * Where a queue is asked: at the service's endpoint, and only where its URL names a host of its own, such as an
 * interface endpoint without private DNS, there.
 */
export function queueEndpoint(queueUrl: string, options: EndpointOptions): URL {
  const { origin, hostname } = new URL(queueUrl);
  const isPublic =
    publicQueueHost.test(hostname) && publicEndings.some((ending) => hostname.endsWith(`.${ending}`));
  return options.endpoint !== undefined || isPublic ? endpointOf('sqs', options) : new URL(origin);
}
