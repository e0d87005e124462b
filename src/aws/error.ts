/**
 * What an error of AWS's means for us.
 * - `access-denied`: a right is missing
 * - `credentials`: there are none, or AWS doesn't accept them
 * - `expired-token`: newer credentials are needed
 * - `clock`: the request was signed with a wrong time
 * - `throttled`, `unreachable`, `server`: another try can help
 * - `refused`: AWS answered that it won't; the code says why
 */
export type AwsErrorKind =
  | 'access-denied'
  | 'credentials'
  | 'expired-token'
  | 'clock'
  | 'throttled'
  | 'unreachable'
  | 'server'
  | 'refused';

/** AWS could not be asked, or answered with an error. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly kind: AwsErrorKind;
  /** AWS's code, such as `ReceiptHandleIsInvalid`, without its namespace; empty without an answer. */
  readonly code: string;
  readonly statusCode: number | undefined;
  /** AWS's own words. */
  readonly reason: string;

  constructor(
    message: string,
    details: {
      readonly kind: AwsErrorKind;
      readonly code?: string;
      readonly statusCode?: number;
      readonly reason?: string;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.kind = details.kind;
    this.code = details.code ?? '';
    this.statusCode = details.statusCode;
    this.reason = details.reason ?? '';
  }
}

/** Codes of SQS, EC2, Auto Scaling and STS alike, without `Exception` at their end. */
const kinds: ReadonlyMap<string, AwsErrorKind> = new Map([
  ...group('access-denied', ['AccessDenied', 'UnauthorizedOperation', 'KmsAccessDenied', 'Blocked']),
  ...group('credentials', [
    'AuthFailure',
    'IncompleteSignature',
    'InvalidAccessKeyId',
    'InvalidClientTokenId',
    'InvalidSecurity',
    'InvalidSignature',
    'MissingAuthenticationToken',
    'OptInRequired',
    'SignatureDoesNotMatch',
    'UnrecognizedClient',
  ]),
  ...group('expired-token', ['ExpiredToken', 'TokenRefreshRequired', 'ExpiredTokenId']),
  ...group('clock', ['RequestExpired', 'RequestTimeTooSkewed', 'RequestInTheFuture']),
  ...group('throttled', [
    'BandwidthLimitExceeded',
    'EC2Throttled',
    'KmsThrottled',
    'LimitExceeded',
    'OverLimit',
    'PriorRequestNotComplete',
    'RequestLimitExceeded',
    'RequestThrottled',
    'SlowDown',
    'Throttled',
    'Throttling',
    'TooManyRequests',
  ]),
]);

/** What AWS says of a request whose signature has a time that it doesn't accept, whichever code it has. */
const wrongTime = /signature (?:expired|not yet current)/i;

export function kindOf(code: string, statusCode: number, reason: string): AwsErrorKind {
  if (wrongTime.test(reason)) return 'clock';
  const known = kinds.get(code.replace(/Exception$/, ''));
  if (known !== undefined) return known;
  if (statusCode === 429) return 'throttled';
  if (statusCode >= 500) return 'server';
  return statusCode === 403 && code === '' ? 'access-denied' : 'refused';
}

/** Whether another try can help. */
export function mayPass({ kind }: AwsError): boolean {
  return ['clock', 'expired-token', 'server', 'throttled', 'unreachable'].includes(kind);
}

function group(kind: AwsErrorKind, codes: readonly string[]): [string, AwsErrorKind][] {
  return codes.map((code) => [code, kind]);
}
