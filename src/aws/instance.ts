/** What EC2 knows of an instance. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html */
export interface Ec2Instance {
  readonly instanceId: string;
  /** Not there before the instance runs, and no more once it is terminated. */
  readonly privateDnsName: string | undefined;
  /** pending, running, stopping, stopped, shutting-down or terminated. */
  readonly state: string;
  readonly availabilityZone: string | undefined;
  readonly instanceType: string | undefined;
  /** Milliseconds since the epoch by AWS's clock; anew at each start of a stopped one. */
  readonly launchedAt: number | undefined;
  readonly capacityReservationId: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
}
