/** A text's characters as Go counts them: code points. */
export function runesOf(text: string): string[] {
  return Array.from(text);
}
