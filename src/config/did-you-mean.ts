/** The known name that was most likely meant: equal but for case and dashes, or a few letters away. */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  const wanted = plain(given);
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const name of known) {
    const distance = editDistance(wanted, plain(name), bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** What to do about a name that isn't known, to follow a colon. */
export function suggestion(given: string, known: readonly string[], prefix = ''): string {
  const name = didYouMean(given, known);
  return name === undefined ? '--help lists what there is' : `did you mean "${prefix}${name}"?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
}

/** Levenshtein's distance, or `limit` where it is at least that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] ?? limit) + 1,
          (current[column - 1] ?? limit) + 1,
          (previous[column - 1] ?? limit) + change,
        ),
      );
    }
    previous = current;
  }
  return Math.min(previous[b.length] ?? limit, limit);
}
