/** What fails between us and the server; anything else is about certificates or credentials. */
const networkTroubles: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The trouble is between us and the server, and not one of certificates or credentials. */
export function isNetworkTrouble(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  const code = String(error.code);
  // https://nodejs.org/api/errors.html: a stream or a whole connection that the server has ended before its time.
  return networkTroubles.has(code) || code.startsWith('ERR_HTTP2_') || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
