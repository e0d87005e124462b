/** One `{{ a | b }}`, or what stands in parentheses. */
export interface Pipeline {
  readonly type: 'pipeline';
  readonly at: number;
  /** Variables that get its value, `$` included in their names. */
  readonly variables: readonly string[];
  /** `=` and not `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly at: number;
  /** The first is what is called, or a lone value. */
  readonly words: readonly [Operand, ...Operand[]];
}

export type Operand = { readonly at: number } & (
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | NumberLiteral
  | { readonly type: 'nil' }
  | { readonly type: 'dot' }
  /** `.A.B` */
  | { readonly type: 'field'; readonly names: readonly string[] }
  /** `$x.A.B` */
  | { readonly type: 'variable'; readonly name: string; readonly names: readonly string[] }
  /** `(pipeline).A.B` */
  | { readonly type: 'chain'; readonly of: Operand; readonly names: readonly string[] }
  | { readonly type: 'function'; readonly name: string }
  | Pipeline
);

/** An untyped constant: which it is depends on what it is given to. */
export interface NumberLiteral {
  readonly type: 'number';
  readonly text: string;
  /** undefined where it has a fraction, or is too large. */
  readonly integer: bigint | undefined;
  readonly float: number;
  /** What it is where nothing else is asked for. */
  readonly isFloat: boolean;
}

export type Node = { readonly at: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly pipeline: Pipeline }
  | {
      readonly type: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly type: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly type: 'break' | 'continue' }
);

export interface ParsedTemplate {
  readonly source: string;
  readonly body: readonly Node[];
  /** What `define` and `block` have named. */
  readonly named: ReadonlyMap<string, readonly Node[]>;
}
