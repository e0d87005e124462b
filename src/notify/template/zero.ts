import { GoTime, timeType } from './time.ts';
import type { Type } from './types.ts';
import { GoInt, GoList, GoMap, GoStruct, type MethodTable, type Value } from './values.ts';

/** Go's zero of a type; the methods of a struct give the zeros of their types. */
export function zeroOf(type: Type): Value {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'float64':
      return 0;
    case 'slice':
      return new GoList(type, [], true);
    case 'map':
      return new GoMap(type, new Map(), true);
    case 'interface':
    case 'func':
      return null;
    case 'struct':
      return type === timeType ? GoTime.zero : zeroStruct(type);
    case 'int':
    case 'int32':
    case 'int64':
    case 'uint8':
      return new GoInt(type, 0n);
  }
}

function zeroStruct(type: Type): GoStruct {
  const fields = (type.fields ?? []).map((field) => [field.name, zeroOf(field.type)] as const);
  const methods: MethodTable = new Map(
    [...(type.methods ?? [])].map(([name, result]) => [name, () => zeroOf(result)]),
  );
  return new GoStruct(type, Object.fromEntries(fields), methods);
}
