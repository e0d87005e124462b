import { callDurationMethod, durationType } from './duration.ts';
import { GoError } from './template-error.ts';
import { callTimeMethod } from './time-methods.ts';
import { GoTime, timeType } from './time.ts';
import { findField, findMethod, intType, stringType, type Type } from './types.ts';
import { GoInt, GoMap, GoStruct, typeOf, type Value } from './values.ts';
import { intText } from './value-text.ts';
import type { Zone } from './zone.ts';

/** What the methods of times and durations take. */
const parameters: Readonly<Record<string, readonly Type[]>> = {
  'time.Time.Format': [stringType],
  'time.Time.Add': [durationType],
  'time.Time.AddDate': [intType, intType, intType],
  'time.Time.Sub': [timeType],
  'time.Time.Before': [timeType],
  'time.Time.After': [timeType],
  'time.Time.Equal': [timeType],
  'time.Time.Compare': [timeType],
  'time.Time.Truncate': [durationType],
  'time.Time.Round': [durationType],
  'time.Duration.Truncate': [durationType],
  'time.Duration.Round': [durationType],
};

/** A method, bound to its receiver. */
export interface Method {
  readonly parameters: readonly Type[];
  readonly call: (args: readonly Value[]) => Value;
}

/** @returns undefined where the value has no method of this name */
export function methodOf(value: Value, name: string, local: Zone): Method | undefined {
  const type = typeOf(value);
  const found = type && findMethod(type, name);
  if (!found) return undefined;
  return {
    parameters: parameters[`${type.name}.${name}`] ?? [],
    call: (args) => {
      if (value instanceof GoTime) return callTimeMethod(value, name, args, local);
      if (value instanceof GoInt) {
        return type === durationType ? callDurationMethod(value.value, name, args) : intText(value);
      }
      const holder = found.path.reduce(heldBy, value);
      return holder instanceof GoStruct ? holder.methods.get(name)?.(holder) : undefined;
    },
  };
}

/** A field of a struct, or what a map has for a key. @throws GoError where there can be none */
export function memberOf(value: Value, name: string): Value {
  if (value === undefined) return undefined;
  if (value === null) throw new GoError(`nil pointer evaluating interface {}.${name}`);
  if (value instanceof GoMap) return value.entries.get(name);
  const type = typeOf(value);
  const path = value instanceof GoStruct && type ? findField(type, name)?.path : undefined;
  if (path) return path.reduce(heldBy, value);
  throw new GoError(`can't evaluate field ${name} in type ${type?.name ?? 'nil'}`);
}

function heldBy(value: Value, name: string): Value {
  return value instanceof GoStruct ? value.fields[name] : undefined;
}
