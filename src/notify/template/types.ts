/** Go's types, as far as template data has them. Two are the same where their names are. */
export interface Type {
  /** As `%T` prints it. */
  readonly name: string;
  /** As reflect.Kind prints it. */
  readonly kind: Kind;
  /** Of a slice or map. */
  readonly elem?: Type;
  /** Of a struct, in Go's order. */
  readonly fields?: readonly Field[];
  /** What `{{ .Method }}` may name: the result's type where it is known. */
  readonly methods?: ReadonlyMap<string, Type>;
}

export type Kind =
  | 'bool'
  | 'int'
  | 'int64'
  | 'int32'
  | 'uint8'
  | 'float64'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'interface'
  | 'func';

export interface Field {
  readonly name: string;
  readonly type: Type;
  /** Its fields are promoted. */
  readonly embedded?: true;
  /** The name in JSON; the field's own where there is none. */
  readonly json?: string;
}

export const boolType: Type = { name: 'bool', kind: 'bool' };
export const stringType: Type = { name: 'string', kind: 'string' };
export const intType: Type = { name: 'int', kind: 'int' };
export const int64Type: Type = { name: 'int64', kind: 'int64' };
export const byteType: Type = { name: 'uint8', kind: 'uint8' };
export const floatType: Type = { name: 'float64', kind: 'float64' };
export const anyType: Type = { name: 'interface {}', kind: 'interface' };

export function sliceOf(elem: Type): Type {
  return { name: `[]${elem.name}`, kind: 'slice', elem };
}

/** Keys are strings. */
export function mapOf(elem: Type): Type {
  return { name: `map[string]${elem.name}`, kind: 'map', elem };
}

export const anyMapType = mapOf(anyType);

export interface FoundField {
  readonly type: Type;
  /** From the outermost struct to the field. */
  readonly path: readonly string[];
}

/** Go's rule: the shallowest of that name, promoted fields included. */
export function findField(type: Type, name: string): FoundField | undefined {
  const own = type.fields?.find((field) => field.name === name);
  if (own) return { type: own.type, path: [name] };
  for (const field of type.fields ?? []) {
    const found = field.embedded && findField(field.type, name);
    if (found) return { type: found.type, path: [field.name, ...found.path] };
  }
  return undefined;
}

/** The type's own, or one that an embedded struct has. */
export function findMethod(type: Type, name: string): FoundField | undefined {
  const own = type.methods?.get(name);
  if (own) return { type: own, path: [] };
  for (const field of type.fields ?? []) {
    const found = field.embedded && findMethod(field.type, name);
    if (found) return { type: found.type, path: [field.name, ...found.path] };
  }
  return undefined;
}
