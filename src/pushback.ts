/**
 * Whether a server has said that it has too much to do. All requests to it pause then, so that who tries again need
 * not wait for anything else.
 */
export function isPushback(error: unknown): boolean {
  return error instanceof Error && (error as { readonly isPushback?: unknown }).isPushback === true;
}
