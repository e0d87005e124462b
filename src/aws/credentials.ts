import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { Logger } from '../logger.ts';
import { child, field } from './answers.ts';
import type { AwsClient, CredentialSource, QueryCall } from './client.ts';
import type { AwsCredentials } from './signer.ts';

/** Credentials are asked for before any request, so there is nobody who could break it off. */
const neverAborted = new AbortController().signal;

type Provider = ReturnType<typeof defaultProvider>;
type Init = NonNullable<Parameters<typeof defaultProvider>[0]>;
type RoleAssumer = NonNullable<Init['roleAssumer']>;
type WebIdentityRoleAssumer = NonNullable<Init['roleAssumerWithWebIdentity']>;

/**
 * Credentials by the AWS SDK's own chain: environment, shared files, web identity (IRSA), EKS Pod Identity and other
 * containers, instance profile. It keeps them, and renews them 5 minutes before they expire. Roles are assumed by our
 * own client, at the region's endpoint and through the proxy; the SDK's client would cost 10 times its memory.
 */
export class CredentialChain implements CredentialSource {
  readonly #provider: Provider;
  #isRefused = false;

  /** @param sts what calls STS; it is asked only once credentials are wanted */
  constructor(modules: { readonly log: Logger; readonly sts: () => Pick<AwsClient, 'query'> }) {
    const { log, sts } = modules;
    this.#provider = defaultProvider({
      logger: loggerOf(log),
      roleAssumer: roleAssumer(sts),
      roleAssumerWithWebIdentity: webIdentityRoleAssumer(sts),
    });
  }

  async current(): Promise<AwsCredentials> {
    const forceRefresh = this.#isRefused;
    this.#isRefused = false;
    return this.#provider({ forceRefresh });
  }

  refused(): void {
    this.#isRefused = true;
  }
}

/** Without one the SDK writes its warnings to the console. What it has to say otherwise is where it looks next. */
function loggerOf(log: Logger): NonNullable<Init['logger']> {
  const say = (...words: unknown[]): void => {
    log.debug('The AWS SDK looks for credentials', { says: words.join(' ') });
  };
  const warn = (...words: unknown[]): void => {
    log.warn('The AWS SDK warns', { says: words.join(' ').replaceAll(/\s+/g, ' ') });
  };
  return { debug: say, info: say, warn, error: warn };
}

function roleAssumer(sts: () => Pick<AwsClient, 'query'>): RoleAssumer {
  return (source, parameters) =>
    assume(sts(), 'AssumeRole', source, {
      RoleArn: parameters.RoleArn,
      RoleSessionName: parameters.RoleSessionName,
      ExternalId: parameters.ExternalId,
      DurationSeconds: parameters.DurationSeconds,
      SerialNumber: parameters.SerialNumber,
      TokenCode: parameters.TokenCode,
    });
}

function webIdentityRoleAssumer(sts: () => Pick<AwsClient, 'query'>): WebIdentityRoleAssumer {
  return (parameters) =>
    assume(sts(), 'AssumeRoleWithWebIdentity', 'none', {
      RoleArn: parameters.RoleArn,
      RoleSessionName: parameters.RoleSessionName,
      WebIdentityToken: parameters.WebIdentityToken,
      ProviderId: parameters.ProviderId,
      Policy: parameters.Policy,
      DurationSeconds: parameters.DurationSeconds,
    });
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
async function assume(
  sts: Pick<AwsClient, 'query'>,
  action: string,
  credentials: NonNullable<QueryCall['credentials']>,
  wishes: Readonly<Record<string, string | number | undefined>>,
): Promise<AwsCredentials> {
  const parameters = Object.fromEntries(
    Object.entries(wishes).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
  const answer = await sts.query({ service: 'sts', action, parameters, credentials, signal: neverAborted });
  const lent = child(child(answer, `${action}Result`), 'Credentials');
  const expiration = new Date(field(lent, 'Expiration'));
  return {
    accessKeyId: field(lent, 'AccessKeyId'),
    secretAccessKey: field(lent, 'SecretAccessKey'),
    sessionToken: field(lent, 'SessionToken'),
    ...(!Number.isNaN(expiration.getTime()) && { expiration }),
  };
}
