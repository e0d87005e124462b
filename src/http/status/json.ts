import type { StatusDocument } from '../../status/document.ts';

/** Properties that hold an instant. */
const isInstant = /(?:At|By|Until)$|^at$|^deadline$/u;

/** The document with instants as ISO 8601 in UTC; what is not known is left out. */
export function statusJson(document: StatusDocument): string {
  const text = JSON.stringify(document, (key, value: unknown) =>
    typeof value === 'number' && isInstant.test(key) ? new Date(value).toISOString() : value,
  );
  return `${text}\n`;
}
