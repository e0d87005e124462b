import type { IncomingHttpHeaders } from 'node:http';

/** AWS accepts a signature whose time is at most this far from its own. */
const toleranceMs = 5 * 60_000;

/** What AWS says of the signature of a request; undefined where it accepts it. */
export function signatureError(
  headers: IncomingHttpHeaders,
  now: number,
  expiredTokens: ReadonlySet<string>,
): { readonly code: string; readonly message: string } | undefined {
  const authorization = headers.authorization ?? '';
  if (
    !/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/[a-z0-9]+\/aws4_request, /.test(authorization)
  ) {
    return { code: 'MissingAuthenticationToken', message: 'Request is missing Authentication Token' };
  }
  const token = headers['x-amz-security-token'];
  if (typeof token === 'string' && expiredTokens.has(token)) {
    return { code: 'ExpiredToken', message: 'The security token included in the request is expired' };
  }
  const signedAt = parseAmzDate(String(headers['x-amz-date']));
  if (Math.abs(now - signedAt) <= toleranceMs) return undefined;
  const isLate = signedAt < now;
  return {
    code: isLate ? 'InvalidSignatureException' : 'SignatureDoesNotMatch',
    message: isLate ? 'Signature expired: it is older than 5 min.' : 'Signature not yet current: too new.',
  };
}

/** Such as `20150830T123600Z`. */
function parseAmzDate(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
