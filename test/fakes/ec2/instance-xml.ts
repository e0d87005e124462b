export interface FakeInstance {
  readonly instanceId: string;
  /** @default 'running' */
  readonly state?: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  /** null: none, as of one that is terminated. @default 'ip-<id>.eu-central-1.compute.internal' */
  readonly privateDnsName?: string | null;
  /** @default 'eu-central-1a' */
  readonly zone?: string;
  /** @default 'm7i.large' */
  readonly type?: string;
  /** Milliseconds since the epoch. @default long ago */
  readonly launchedAt?: number;
  readonly capacityReservationId?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const codes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 };
const longAgo = Date.UTC(2020, 0, 1);

/** An instance as EC2 writes it, with the lists in which the names of its own elements come again. */
export function instanceXml(instance: FakeInstance): string {
  const { instanceId, state = 'running', zone = 'eu-central-1a', type = 'm7i.large', tags = {} } = instance;
  const dnsName = dnsNameOf(instance);
  const launched = new Date(instance.launchedAt ?? longAgo).toISOString();
  return `<item>
  <instanceId>${instanceId}</instanceId>
  <imageId>ami-0123456789abcdef0</imageId>
  <instanceState><code>${codes[state]}</code><name>${state}</name></instanceState>
  ${dnsName === null ? '<privateDnsName/>' : `<privateDnsName>${dnsName}</privateDnsName>`}
  <dnsName/><reason/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>
  <instanceType>${type}</instanceType>
  <launchTime>${launched}</launchTime>
  <placement><availabilityZone>${zone}</availabilityZone><groupName/><tenancy>default</tenancy></placement>
  <monitoring><state>disabled</state></monitoring>
  <privateIpAddress>10.0.1.23</privateIpAddress>
  <groupSet><item><groupId>sg-1</groupId><groupName>nodes</groupName></item></groupSet>
  <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><status>attached</status></ebs></item></blockDeviceMapping>
  <tagSet>${Object.entries(tags).map(tagXml).join('')}</tagSet>
  <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><status>in-use</status><privateDnsName>ip-10-9-9-9.of.its.interface</privateDnsName><groupSet><item><groupId>sg-1</groupId></item></groupSet><attachment><status>attached</status></attachment></item></networkInterfaceSet>
  ${reservationXml(instance.capacityReservationId)}
</item>`;
}

export function dnsNameOf({ instanceId, privateDnsName }: FakeInstance): string | null {
  return privateDnsName === undefined
    ? `ip-${instanceId.slice(2)}.eu-central-1.compute.internal`
    : privateDnsName;
}

/** What was asked for comes before what was given, in an element of the same name. */
function reservationXml(id: string | undefined): string {
  const wish =
    '<capacityReservationSpecification><capacityReservationTarget><capacityReservationId>cr-wished</capacityReservationId></capacityReservationTarget></capacityReservationSpecification>';
  return id === undefined ? wish : `${wish}<capacityReservationId>${id}</capacityReservationId>`;
}

function tagXml([key, value]: [string, string]): string {
  return `<item><key>${escaped(key)}</key><value>${escaped(value)}</value></item>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
