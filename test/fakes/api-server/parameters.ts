import { badRequest } from './errors.ts';

/** @throws 400 for what isn't a number. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^-?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Versions are opaque to clients, but numbers to the server. */
export function isVersion(text: string): boolean {
  return /^\d*$/.test(text);
}

export function invalidVersion(text: string): string {
  return `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`;
}
