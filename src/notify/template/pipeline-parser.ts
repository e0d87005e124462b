import type { Token } from './lexer.ts';
import { readNumber, unquote } from './literals.ts';
import type { Command, NumberLiteral, Operand, Pipeline } from './nodes.ts';
import { runesOf } from './runes.ts';
import type { TokenReader } from './token-reader.ts';

/** Why there is no function of this name here; undefined where there is one. */
export type FunctionCheck = (name: string) => string | undefined;

/** Reads what stands between the braces. */
export class PipelineParser {
  readonly #tokens: TokenReader;
  readonly #whyNoFunction: FunctionCheck;
  /** Those that are known here; whoever reads a branch forgets what was declared in it. */
  variables: string[] = ['$'];

  constructor(tokens: TokenReader, whyNoFunction: FunctionCheck) {
    this.#tokens = tokens;
    this.#whyNoFunction = whyNoFunction;
  }

  /** Up to and with its end. */
  read(context: string, end: 'right' | 'close' = 'right'): Pipeline {
    const { at } = this.#tokens.peekSolid();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.peekSolid();
      if (token.type === end) {
        this.#tokens.takeSolid();
        break;
      }
      commands.push(this.#command(context));
    }
    if (commands.length === 0) this.#tokens.fail(`missing value for ${context}`, at);
    for (const [index, { words }] of commands.entries()) {
      if (index > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(words[0].type))
        this.#tokens.fail(`non executable command in pipeline stage ${index + 1}`, words[0].at);
    }
    // Known from here on, but not in what it is made of.
    this.variables.push(...variables);
    return { type: 'pipeline', at, variables, assigns, commands };
  }

  /** `$x :=`, `$x =`, or in a range `$i, $x :=`. */
  #declarations(context: string): { readonly variables: readonly string[]; readonly assigns: boolean } {
    const from = this.#tokens.position;
    const names: Token[] = [];
    while (this.#tokens.peekSolid().type === 'variable') {
      names.push(this.#tokens.takeSolid());
      const token = this.#tokens.takeSolid();
      if (token.type === 'assign' || token.type === 'declare') {
        const assigns = token.type === 'assign';
        const unknown = names.find((it) => assigns && !this.variables.includes(it.text));
        if (unknown) this.#tokens.fail(`undefined variable ${JSON.stringify(unknown.text)}`, unknown.at);
        return { variables: names.map((it) => it.text), assigns };
      }
      if (token.type !== 'comma') break;
      if (context !== 'range' || names.length > 1)
        this.#tokens.fail(`too many declarations in ${context}`, token.at);
    }
    if (names.length > 1) this.#tokens.fail('range can only initialize variables', names[0]?.at ?? 0);
    this.#tokens.rewind(from);
    return { variables: [], assigns: false };
  }

  #command(context: string): Command {
    const { at } = this.#tokens.peekSolid();
    const words: Operand[] = [];
    for (;;) {
      this.#tokens.peekSolid();
      words.push(this.#operand(words.length === 0 ? context : 'operand'));
      const { type } = this.#tokens.peek();
      if (type === 'space') {
        const { type: follows } = this.#tokens.peekSolid();
        if (follows !== 'right' && follows !== 'close' && follows !== 'pipe') continue;
      } else if (type !== 'right' && type !== 'close' && type !== 'pipe') {
        this.#tokens.unexpected(this.#tokens.peek(), 'operand');
      }
      break;
    }
    if (this.#tokens.peekSolid().type === 'pipe') {
      const pipe = this.#tokens.takeSolid();
      const { type } = this.#tokens.peekSolid();
      if (type === 'right' || type === 'close') this.#tokens.fail('missing value after "|"', pipe.at);
    }
    return { at, words: words as [Operand, ...Operand[]] };
  }

  #operand(context: string): Operand {
    const term = this.#term(context);
    const names: string[] = [];
    const { at } = this.#tokens.peek();
    while (this.#tokens.peek().type === 'field') names.push(this.#tokens.take().text.slice(1));
    if (names.length === 0) return term;
    if (term.type === 'field' || term.type === 'variable')
      return { ...term, names: [...term.names, ...names] };
    if (term.type === 'chain' || term.type === 'function' || term.type === 'pipeline')
      return { type: 'chain', at: term.at, of: term, names };
    return this.#tokens.fail(`unexpected .${names[0]} after a ${term.type}`, at);
  }

  #term(context: string): Operand {
    const token = this.#tokens.takeSolid();
    const { at, text, type } = token;
    if (type === 'identifier') return this.#function(token);
    if (type === 'variable') return this.#variable(token);
    if (type === 'field') return { type, at, names: [text.slice(1)] };
    if (type === 'bool') return { type, at, value: text === 'true' };
    if (type === 'dot' || type === 'nil') return { type, at };
    if (type === 'number') return { at, ...this.#number(text, at) };
    if (type === 'char') return { at, ...this.#character(token) };
    if (type === 'string') return { type, at, value: this.unquoted(token) };
    if (type !== 'open') return this.#tokens.unexpected(token, context);
    return this.#tokens.nested(at, () => ({ ...this.read('parenthesized pipeline', 'close'), at }));
  }

  #function({ text, at }: Token): Operand {
    const problem = this.#whyNoFunction(text);
    if (problem !== undefined) this.#tokens.fail(problem, at);
    return { type: 'function', at, name: text };
  }

  #variable({ text, at }: Token): Operand {
    if (!this.variables.includes(text)) {
      this.#tokens.fail(`undefined variable ${JSON.stringify(text)}`, at);
    }
    return { type: 'variable', at, name: text, names: [] };
  }

  #number(text: string, at: number): NumberLiteral {
    return readNumber(text) ?? this.#tokens.fail(`illegal number syntax: ${JSON.stringify(text)}`, at);
  }

  #character(token: Token): NumberLiteral {
    const codePoints = runesOf(this.unquoted(token));
    if (codePoints.length !== 1) this.#tokens.fail(`malformed character constant: ${token.text}`, token.at);
    const value = codePoints[0]?.codePointAt(0) ?? 0;
    return { type: 'number', text: token.text, integer: BigInt(value), float: value, isFloat: false };
  }

  /** What a string's literal says. */
  unquoted(token: Token): string {
    return unquote(token.text) ?? this.#tokens.fail(`invalid escape in ${token.text}`, token.at);
  }
}
