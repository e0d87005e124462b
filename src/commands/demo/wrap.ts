/** Breaks a text at spaces, or within words longer than a line; each line begins with the indent. */
export function wrap(text: string, columns: number, indent: string): string[] {
  const width = Math.max(10, columns - indent.length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    for (let rest = word; ; rest = rest.slice(width)) {
      const joined = line === '' ? rest : `${line} ${rest}`;
      if (joined.length <= width) {
        line = joined;
        break;
      }
      if (line !== '') lines.push(line);
      line = '';
      if (rest.length <= width) {
        line = rest;
        break;
      }
      lines.push(rest.slice(0, width));
    }
  }
  lines.push(line);
  return lines.map((it) => (it === '' ? '' : `${indent}${it}`));
}
