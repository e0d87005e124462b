import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsService } from './endpoints.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface UnsignedRequest {
  readonly url: URL;
  readonly service: AwsService;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers with which a request is sent, its signature among them. */
export async function signedHeaders(
  { url, service, region, headers, body }: UnsignedRequest,
  credentials: AwsCredentials,
  signedAt: number,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
  const request = {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: {},
    headers: { ...headers, host: url.host },
    body,
  };
  const signed = await signer.sign(request, { signingDate: new Date(signedAt) });
  return signed.headers;
}

/** Node's SHA-256 as the signer wants it. */
class Sha256 {
  #hash;
  readonly #secret: Secret | undefined;

  constructor(secret?: Secret) {
    this.#secret = secret;
    this.#hash = start(secret);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = start(this.#secret);
  }
}

type Secret = string | ArrayBuffer | ArrayBufferView;

function start(secret: Secret | undefined) {
  if (secret === undefined) return createHash('sha256');
  return createHmac(
    'sha256',
    secret instanceof ArrayBuffer ? new Uint8Array(secret) : (secret as Uint8Array | string),
  );
}
