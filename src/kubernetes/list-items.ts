import { parseTrimmed } from './trimmed-object.ts';

/** In no JSON string, since a quote in one is escaped; in a list it begins the items. */
const beginning = '"items":[';

/**
 * In no JSON string either; between two items, whose metadata the API server writes first. Where it were inside of
 * one, what is cut there is no JSON, which the reader notices.
 */
const between = '},{"metadata":{';

/** Cuts the text of a list into its items while it arrives, so that it is never held, nor parsed, as a whole. */
class ListItems {
  #head: string | undefined;
  #rest = '';

  /** @returns the items that this part completes, as JSON */
  push(text: string): string[] {
    this.#rest += text;
    if (this.#head === undefined) {
      const at = this.#rest.indexOf(beginning);
      if (at < 0) return [];
      this.#head = this.#rest.slice(0, at);
      this.#rest = this.#rest.slice(at + beginning.length);
    }
    const items: string[] = [];
    let from = 0;
    for (let at = this.#next(from); at >= 0; at = this.#next(from)) {
      items.push(this.#rest.slice(from, at + 1));
      from = at + 2;
    }
    this.#rest = this.#rest.slice(from);
    return items;
  }

  /** @returns the list without its items, as JSON, and the last one where there are any */
  end(): { readonly list: string; readonly last: string | undefined } {
    if (this.#head === undefined) return { list: this.#rest, last: undefined };
    const at = this.#rest.lastIndexOf(']');
    const last = this.#rest.slice(0, at);
    return { list: `${this.#head}${beginning}${this.#rest.slice(at)}`, last: last === '' ? undefined : last };
  }

  #next(from: number): number {
    return this.#rest.indexOf(between, from);
  }
}

/**
 * Reads a list from the API server item by item as it arrives: parsed as a whole, 100 pods are 8 MB of garbage.
 * @returns what is no list of items as `text`; no items where they can't be told apart, because somebody between us
 *   and the API server has rewritten them
 */
export async function readItems<T>(
  body: AsyncIterable<Uint8Array>,
  read: (item: unknown) => T,
): Promise<{ readonly text: string; readonly items: T[] | undefined }> {
  const decoder = new TextDecoder();
  const cut = new ListItems();
  let items: T[] | undefined = [];
  const take = (json: string): void => {
    const item = items && parseTrimmed(json);
    if (typeof item === 'object') items?.push(read(item));
    else items = undefined;
  };
  for await (const chunk of body) cut.push(decoder.decode(chunk, { stream: true })).forEach(take);
  const { list, last } = cut.end();
  if (last !== undefined) take(last);
  return { text: list, items };
}
