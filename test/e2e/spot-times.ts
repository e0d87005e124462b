/** A time of whole seconds, as the metadata service writes them. */
export function secondsFromNow(seconds: number): { readonly atMs: number; readonly time: string } {
  const atMs = (Math.floor(Date.now() / 1000) + seconds) * 1000;
  return { atMs, time: new Date(atMs).toISOString().replace('.000Z', 'Z') };
}
