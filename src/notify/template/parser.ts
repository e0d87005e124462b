import type { Token } from './lexer.ts';
import type { Node, ParsedTemplate } from './nodes.ts';
import { PipelineParser, type FunctionCheck } from './pipeline-parser.ts';
import { TokenReader } from './token-reader.ts';

/** Reads a template by Go's grammar, https://pkg.go.dev/text/template. @throws TemplateError */
export function parse(source: string, whyNoFunction: FunctionCheck): ParsedTemplate {
  return new Parser(source, whyNoFunction).parse();
}

type End = { readonly type: 'end' | 'else'; readonly at: number };

class Parser {
  readonly #tokens: TokenReader;
  readonly #pipelines: PipelineParser;
  readonly #named = new Map<string, readonly Node[]>();
  #rangeDepth = 0;

  constructor(source: string, whyNoFunction: FunctionCheck) {
    this.#tokens = new TokenReader(source);
    this.#pipelines = new PipelineParser(this.#tokens, whyNoFunction);
  }

  parse(): ParsedTemplate {
    const body: Node[] = [];
    while (this.#tokens.peek().type !== 'eof') {
      if (this.#tokens.isKeyword('define')) {
        this.#define();
        continue;
      }
      const node = this.#textOrAction();
      if (isEnd(node)) this.#tokens.fail(`unexpected {{${node.type}}}`, node.at);
      else body.push(node);
    }
    return { source: this.#tokens.source, body, named: this.#named };
  }

  #define(): void {
    const { at } = this.#tokens.take();
    this.#tokens.takeSolid();
    const name = this.#name('define clause');
    this.#tokens.expect('right', 'define clause');
    this.#add(name, this.#separate('define clause'), at);
  }

  /** The body of a template of its own: nothing of what is around it is known in it. */
  #separate(context: string): readonly Node[] {
    const outer = { variables: this.#pipelines.variables, rangeDepth: this.#rangeDepth };
    this.#pipelines.variables = ['$'];
    this.#rangeDepth = 0;
    const { nodes, end } = this.#list();
    if (end.type !== 'end') this.#tokens.fail(`unexpected {{else}} in ${context}`, end.at);
    this.#pipelines.variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
    return nodes;
  }

  #add(name: string, body: readonly Node[], at: number): void {
    const before = this.#named.get(name);
    if (before === undefined || isBlank(before)) this.#named.set(name, body);
    else if (!isBlank(body)) this.#tokens.fail(`multiple definition of template ${JSON.stringify(name)}`, at);
  }

  #list(): { readonly nodes: readonly Node[]; readonly end: End } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.type === 'eof') this.#tokens.fail('unexpected EOF: an {{end}} is missing', token.at);
      const node = this.#textOrAction();
      if (isEnd(node)) return { nodes, end: node };
      nodes.push(node);
    }
  }

  #textOrAction(): Node | End {
    const token = this.#tokens.take();
    if (token.type === 'text') return { type: 'text', at: token.at, text: token.text };
    const first = this.#tokens.peekSolid();
    if (first.type === 'keyword') {
      this.#tokens.takeSolid();
      return this.#tokens.nested(first.at, () => this.#control(first));
    }
    const pipeline = this.#pipelines.read('command');
    return { type: 'action', at: first.at, pipeline };
  }

  #control({ text, at }: Token): Node | End {
    switch (text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(text, at);
      case 'else':
        // "else if" and "else with" are read by whoever reads the branch.
        if (!['if', 'with'].includes(this.#tokens.peekSolid().text)) this.#tokens.expect('right', 'else');
        return { type: 'else', at };
      case 'end':
        this.#tokens.expect('right', 'end');
        return { type: 'end', at };
      case 'break':
      case 'continue':
        this.#tokens.expect('right', `{{${text}}}`);
        if (this.#rangeDepth === 0) this.#tokens.fail(`{{${text}}} outside {{range}}`, at);
        return { type: text, at };
      case 'block':
        return this.#block(at);
      case 'template':
        return this.#template(at);
      default:
        return this.#tokens.fail(`unexpected <${text}> in command`, at);
    }
  }

  #branch(type: 'if' | 'with' | 'range', at: number): Node {
    const known = this.#pipelines.variables.length;
    const pipeline = this.#pipelines.read(type);
    if (type === 'range') this.#rangeDepth += 1;
    const { nodes: body, end } = this.#list();
    if (type === 'range') this.#rangeDepth -= 1;
    const otherwise = end.type === 'else' ? this.#otherwise(type) : [];
    this.#pipelines.variables.length = known;
    return { type, at, pipeline, body, otherwise };
  }

  #otherwise(type: 'if' | 'with' | 'range'): readonly Node[] {
    const token = this.#tokens.peekSolid();
    if (token.type === 'keyword') {
      if (token.text !== type || type === 'range')
        this.#tokens.fail(`unexpected <${token.text}> in else`, token.at);
      this.#tokens.takeSolid();
      // Its own {{end}} ends the whole chain.
      return [this.#tokens.nested(token.at, () => this.#branch(type, token.at))];
    }
    const { nodes, end } = this.#list();
    if (end.type !== 'end') this.#tokens.fail('expected end; found {{else}}', end.at);
    return nodes;
  }

  #block(at: number): Node {
    const name = this.#name('block clause');
    const pipeline = this.#pipelines.read('block clause');
    this.#add(name, this.#separate('block clause'), at);
    return { type: 'template', at, name, pipeline };
  }

  #template(at: number): Node {
    const name = this.#name('template clause');
    if (this.#tokens.peekSolid().type === 'right') {
      this.#tokens.takeSolid();
      return { type: 'template', at, name, pipeline: undefined };
    }
    return { type: 'template', at, name, pipeline: this.#pipelines.read('template clause') };
  }

  #name(context: string): string {
    const token = this.#tokens.takeSolid();
    if (token.type !== 'string') this.#tokens.unexpected(token, context);
    return this.#pipelines.unquoted(token);
  }
}

function isEnd(node: Node | End): node is End {
  return node.type === 'end' || node.type === 'else';
}

function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.type === 'text' && node.text.trim() === '');
}
