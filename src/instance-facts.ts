/** Who an instance is; what is not known, or not there, is empty. */
export interface InstanceFacts {
  readonly accountId: string;
  readonly instanceId: string;
  readonly instanceLifeCycle: string;
  readonly instanceType: string;
  readonly publicHostname: string;
  readonly publicIp: string;
  readonly localHostname: string;
  readonly localIp: string;
  readonly availabilityZone: string;
  readonly region: string;
}

export const unknownInstance: InstanceFacts = {
  accountId: '',
  instanceId: '',
  instanceLifeCycle: '',
  instanceType: '',
  publicHostname: '',
  publicIp: '',
  localHostname: '',
  localIp: '',
  availabilityZone: '',
  region: '',
};
