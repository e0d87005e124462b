import { TemplateError } from './template-error.ts';

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'pipe'
  | 'assign'
  | 'declare'
  | 'comma'
  | 'variable'
  | 'field'
  | 'dot'
  | 'number'
  | 'char'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'nil'
  | 'string'
  | 'open'
  | 'close'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** Of its first character in the source. */
  readonly at: number;
}

const keywords: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

const spaces = ' \t\r\n';
const word = /[\p{L}\p{Nd}_]+/uy;
const number =
  /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)/y;
/** Neither runs over the end of its line. */
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/y;
const character = /'(?:[^'\\\n]|\\[^\n])*'/y;

/** Cuts a template into tokens, as Go's text/template/parse does. @throws TemplateError */
export function lex(source: string): readonly Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #actionAt = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    for (;;) {
      const left = this.#source.indexOf('{{', this.#at);
      if (left < 0) break;
      const trims = this.#trimsLeft(left + 2);
      this.#text(left, trims);
      this.#actionAt = left;
      this.#at = left + 2 + (trims ? 2 : 0);
      if (this.#source.startsWith('/*', this.#at)) this.#comment();
      else this.#action(left);
    }
    this.#text(this.#source.length, false);
    this.#push('eof', this.#source.length, this.#source.length);
    return this.#tokens;
  }

  #text(end: number, trims: boolean): void {
    let to = end;
    if (trims) while (to > this.#at && spaces.includes(this.#source[to - 1] ?? '')) to -= 1;
    if (to > this.#at) this.#push('text', this.#at, to);
  }

  #comment(): void {
    const end = this.#source.indexOf('*/', this.#at + 2);
    if (end < 0) this.#fail('unclosed comment', this.#actionAt);
    this.#at = end + 2;
    const right = this.#rightDelimiter();
    if (!right) this.#fail('comment ends before closing delimiter', this.#at);
    this.#skipRight(right);
  }

  #action(left: number): void {
    this.#push('left', left, this.#at);
    this.#depth = 0;
    for (;;) {
      const right = this.#rightDelimiter();
      if (right) {
        if (this.#depth > 0) this.#fail('unclosed left paren', this.#at);
        this.#push('right', this.#at, this.#at + right.length);
        this.#skipRight(right);
        return;
      }
      this.#inside();
    }
  }

  #inside(): void {
    const at = this.#at;
    const next = this.#source[at];
    if (next === undefined) this.#fail('unclosed action', this.#actionAt);
    if (spaces.includes(next)) return this.#space();
    switch (next) {
      case '=':
        return this.#take('assign', 1);
      case ':':
        if (this.#source[at + 1] !== '=') this.#fail('expected :=', at);
        return this.#take('declare', 2);
      case '|':
        return this.#take('pipe', 1);
      case ',':
        return this.#take('comma', 1);
      case '(':
        this.#depth += 1;
        return this.#take('open', 1);
      case ')':
        this.#depth -= 1;
        if (this.#depth < 0) this.#fail('unexpected right paren', at);
        return this.#take('close', 1);
      case '"':
        return this.#match('string', quoted, 'unterminated quoted string');
      case "'":
        return this.#match('char', character, 'unterminated character constant');
      case '`':
        return this.#rawString();
      case '$':
        return this.#name('variable');
      default:
    }
    const follows = this.#source[at + 1] ?? '';
    if (next === '.' && !/\d/.test(follows)) return this.#name('field');
    if (/[+\-.\d]/.test(next)) return this.#number();
    return this.#word();
  }

  /** Stops before the last one where that belongs to a closing delimiter that trims. */
  #space(): void {
    let end = this.#at;
    while (spaces.includes(this.#source[end] ?? '-')) end += 1;
    if (this.#source.startsWith('-}}', end)) end -= 1;
    if (end > this.#at) this.#take('space', end - this.#at);
  }

  #rawString(): void {
    const end = this.#source.indexOf('`', this.#at + 1);
    if (end < 0) this.#fail('unterminated raw quoted string', this.#at);
    this.#take('string', end + 1 - this.#at);
  }

  /** `.name`, `$name`, `.` or `$`. */
  #name(type: 'field' | 'variable'): void {
    word.lastIndex = this.#at + 1;
    const name = word.exec(this.#source)?.[0] ?? '';
    const isDot = type === 'field' && name === '';
    this.#endsAt(this.#at + 1 + name.length);
    this.#take(isDot ? 'dot' : type, 1 + name.length);
  }

  #word(): void {
    word.lastIndex = this.#at;
    const name = word.exec(this.#source)?.[0];
    if (name === undefined) {
      const shown = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
      this.#fail(`unexpected ${JSON.stringify(shown)} in an action`, this.#at);
    }
    this.#endsAt(this.#at + name.length);
    if (keywords.has(name)) this.#take('keyword', name.length);
    else if (name === 'true' || name === 'false') this.#take('bool', name.length);
    else this.#take(name === 'nil' ? 'nil' : 'identifier', name.length);
  }

  #number(): void {
    number.lastIndex = this.#at;
    const text = number.exec(this.#source)?.[0] ?? '';
    word.lastIndex = this.#at + text.length;
    const rest = word.exec(this.#source)?.[0];
    const follows = this.#source[this.#at + text.length] ?? '';
    if (text === '' || rest !== undefined || '+-'.includes(follows || ' ')) {
      this.#fail(`bad number syntax: ${JSON.stringify(text + (rest ?? follows))}`, this.#at);
    }
    this.#take('number', text.length);
  }

  /** Breaks `.X.Y` into two, and refuses `$x+2`. */
  #endsAt(end: number): void {
    const follows = this.#source[end] ?? ' ';
    if (`${spaces}.,|:)(`.includes(follows) || this.#source.startsWith('}}', end)) return;
    this.#fail(`bad character ${JSON.stringify(follows)} after a name`, end);
  }

  #match(type: TokenType, pattern: RegExp, problem: string): void {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined) this.#fail(problem, this.#at);
    this.#take(type, text.length);
  }

  #trimsLeft(at: number): boolean {
    return this.#source[at] === '-' && spaces.includes(this.#source[at + 1] ?? '-');
  }

  #rightDelimiter(): '}}' | ' -}}' | undefined {
    if (this.#source.startsWith('}}', this.#at)) return '}}';
    const trims =
      spaces.includes(this.#source[this.#at] ?? '-') && this.#source.startsWith('-}}', this.#at + 1);
    return trims ? ' -}}' : undefined;
  }

  #skipRight(right: string): void {
    this.#at += right.length;
    if (right === '}}') return;
    while (spaces.includes(this.#source[this.#at] ?? '-')) this.#at += 1;
  }

  #take(type: TokenType, length: number): void {
    this.#push(type, this.#at, this.#at + length);
    this.#at += length;
  }

  #push(type: TokenType, from: number, to: number): void {
    this.#tokens.push({ type, text: this.#source.slice(from, to), at: from });
  }

  #fail(problem: string, at: number): never {
    throw new TemplateError(problem, this.#source, at);
  }
}
