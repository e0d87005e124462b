/** The API server's words have no bound; what is remembered of them has. */
const longestText = 300;

export function shortened(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)} …`;
}
