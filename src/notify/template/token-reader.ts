import { lex, type Token, type TokenType } from './lexer.ts';
import { TemplateError } from './template-error.ts';

/** Deeper nesting than this is a mistake, and would be one's stack's end. */
const deepest = 100;

/** Goes through a template's tokens. Spaces are tokens too: `.A .B` is something else than `.A.B`. */
export class TokenReader {
  readonly source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  /** @throws TemplateError */
  constructor(source: string) {
    this.source = source;
    this.#tokens = lex(source);
  }

  /** To come back to by `rewind`. */
  get position(): number {
    return this.#next;
  }

  rewind(position: number): void {
    this.#next = position;
  }

  /** The keyword that begins the action that comes next. */
  isKeyword(word: string): boolean {
    if (this.peek().type !== 'left') return false;
    const ahead = this.#tokens.slice(this.#next + 1, this.#next + 3).find((it) => it.type !== 'space');
    return ahead?.type === 'keyword' && ahead.text === word;
  }

  /** @throws TemplateError where it is too deep */
  nested<T>(at: number, read: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest) this.fail(`more than ${deepest} levels of nesting`, at);
    const result = read();
    this.#depth -= 1;
    return result;
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { type: 'eof', text: '', at: this.source.length };
  }

  take(): Token {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  /** What comes after spaces. */
  peekSolid(): Token {
    while (this.peek().type === 'space') this.#next += 1;
    return this.peek();
  }

  takeSolid(): Token {
    this.peekSolid();
    return this.take();
  }

  expect(type: TokenType, context: string): void {
    const token = this.takeSolid();
    if (token.type !== type) this.unexpected(token, context);
  }

  unexpected({ type, text, at }: Token, context: string): never {
    return this.fail(`unexpected ${type === 'eof' ? 'EOF' : JSON.stringify(text)} in ${context}`, at);
  }

  fail(problem: string, at: number): never {
    throw new TemplateError(problem, this.source, at);
  }
}
