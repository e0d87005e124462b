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
  return error instanceof Error && 'code' in error && networkTroubles.has(String(error.code));
}
