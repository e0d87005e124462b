/** Markup: what `markup` made, and nothing else. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Of the source, not of the page. */
const indentation = /\n\s+/gu;

type Insertable = Html | string | number | undefined | false | readonly Insertable[];

/** Markup with values in it. Every text is escaped, in content and in quoted attributes; `undefined` and false are nothing. */
export function markup(parts: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  return new Html(
    parts.map((part, index) => inserted(values[index - 1]) + part.replaceAll(indentation, '\n')).join(''),
  );
}

function inserted(value: Insertable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(inserted).join('');
  return escaped(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control and direction-changing characters, by which one name could be made to look like another. */
// oxlint-disable-next-line no-control-regex
const invisible = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu;

function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"']/gu, (character) => entities[character] ?? '')
    .replaceAll(invisible, (character) => ` U+${character.charCodeAt(0).toString(16).padStart(4, '0')} `);
}
