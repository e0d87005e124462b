import type { ClockSkew } from '../clock-skew.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { AwsClient, type AwsClientOptions, type CredentialSource } from './client.ts';
import { CredentialChain } from './credentials.ts';
import { Transport, type TransportOptions } from './transport.ts';

export interface AwsOptions extends AwsClientOptions, TransportOptions {}

export interface AwsModules {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'awsRequests'>;
  /** Learns AWS's time from its answers. */
  readonly skew: ClockSkew;
  /** @default the AWS SDK's chain */
  readonly credentials?: CredentialSource;
}

export interface Aws {
  readonly client: AwsClient;
  /** Closes the kept connections. */
  close(): void;
}

/** Everything that it takes to call AWS. */
export function createAws(options: AwsOptions, modules: AwsModules): Aws {
  const transport = new Transport(options, modules);
  const credentials = modules.credentials ?? new CredentialChain({ ...modules, sts: () => client });
  const client: AwsClient = new AwsClient(options, { ...modules, credentials, transport });
  return { client, close: () => transport.close() };
}
