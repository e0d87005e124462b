import { GoError } from '../template-error.ts';

/** No message is longer; a template that makes one has run away. */
const longestText = 1024 * 1024;
const longestList = 100_000;

/** @throws GoError before the memory is asked for */
export function ensureLength(characters: number): void {
  if (characters > longestText) throw new GoError(`a text of more than ${longestText} characters`);
}

/** @throws GoError before the memory is asked for */
export function ensureItems(count: number): void {
  if (count > longestList) throw new GoError(`a list of more than ${longestList} items`);
}
