/** Keeps a map or a set at so many entries: those that were entered first go first. */
export function forgetOldest(entries: Map<string, unknown> | Set<string>, most: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(oldest);
  }
}
