/**
 * Versions of one kind of objects are decimal numbers that grow, too big for a double.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function isComparable(version: string): boolean {
  return /^[1-9]\d*$/.test(version);
}

/** @param a and b are comparable */
export function isOlder(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
