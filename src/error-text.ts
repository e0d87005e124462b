/**
 * What went wrong in one line, outermost first: `Cannot read the token: connect ECONNREFUSED 10.0.0.1:443`.
 * Follows `cause`; a cause whose words its wrapper repeats already is not said twice. Never a stack.
 */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (let current = error; current !== undefined && !seen.has(current); current = causeOf(current)) {
    seen.add(current);
    const text = ownText(current);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
  }
  return parts.join(': ');
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? (error.cause ?? undefined) : undefined;
}

function ownText(error: unknown): string {
  if (error instanceof AggregateError) {
    // A connection that was tried on several addresses fails with one of these, its own message empty.
    const inner = [...new Set(error.errors.map(errorText))].join('; ');
    return error.message && inner ? `${error.message} (${inner})` : error.message || inner || error.name;
  }
  if (error instanceof Error) return error.message || codeOf(error) || error.name;
  if (typeof error === 'string') return error;
  try {
    // undefined for what JSON has no word for, such as a function or a symbol.
    const json = JSON.stringify(error) as string | undefined;
    return json ?? String(error);
  } catch {
    return Object.prototype.toString.call(error);
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
