import { LineCounter, parseDocument } from 'yaml';
import { errorText } from '../error-text.ts';

/**
 * The content of one YAML document.
 * @throws with what is wrong and where, but without what the text holds, which may be a secret
 */
export function parseYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  // Level "error" keeps it from writing to the console; "silent" would keep back errors as well.
  const document = parseDocument(text, { lineCounter, logLevel: 'error', prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new SyntaxError(`${withoutContent(error.message)} at line ${line}, column ${col}`);
  }
  try {
    // More aliases than that would let a small file unfold into something huge.
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new SyntaxError(withoutContent(errorText(cause)));
  }
}

/** The messages of the library quote the text after a colon. */
function withoutContent(message: string): string {
  return message.split(/(?<=[\w)]): /u)[0] ?? '';
}
