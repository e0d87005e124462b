import type { OptionName } from './schema.ts';

/** A value as it was given, not yet read. */
export interface Given {
  readonly text: string;
  /** Where it was given, for people: `flag --x`, `environment X`, `file "f"`. */
  readonly origin: string;
}

/** What one source of options gave: flags, environment, or file. */
export interface Layer {
  readonly given: ReadonlyMap<OptionName, Given>;
  readonly problems: readonly string[];
  readonly warnings?: readonly string[];
}

/** A text in a message: quoted, on one line, not longer than one can read, and without the credentials of a URL. */
export function quoted(text: string): string {
  const harmless = text.replaceAll(/(?<=\/\/)\S*@/gu, '(redacted)@');
  return oneLine(JSON.stringify(harmless.length > 100 ? `${harmless.slice(0, 100)}...` : harmless));
}

/** A text without what would break a line or turn its direction. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
