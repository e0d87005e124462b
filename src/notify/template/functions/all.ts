import type { Clock } from '../../../clock.ts';
import { fn, type TemplateFunction } from '../function.ts';
import type { Zone } from '../zone.ts';
import { builtinFunctions } from './builtin.ts';
import { dateFunctions } from './dates.ts';
import { defaultFunctions } from './defaults.ts';
import { dictFunctions } from './dicts.ts';
import { encodingFunctions } from './encoding.ts';
import { listFunctions } from './lists.ts';
import { numericFunctions } from './numeric.ts';
import { pathFunctions } from './paths.ts';
import { randomFunctions } from './random.ts';
import { regularFunctions } from './regular.ts';
import { textFunctions } from './text.ts';
import { urlFunctions } from './urls.ts';
import { wordFunctions } from './words.ts';

export type Functions = ReadonlyMap<string, TemplateFunction>;

export interface FunctionModules {
  readonly clock: Clock;
  readonly localZone: Zone;
  /** What `env` shows. */
  readonly environment: (name: string) => string | undefined;
}

/** sprig's functions that a notification has no use for, and why they are not here. */
const left: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'bcrypt',
      'htpasswd',
      'derivePassword',
      'genPrivateKey',
      'genCA',
      'genCAWithKey',
      'genSelfSignedCert',
      'genSelfSignedCertWithKey',
      'genSignedCert',
      'genSignedCertWithKey',
      'buildCustomCert',
      'encryptAES',
      'decryptAES',
    ].map((name) => [name, 'keys and passwords are not made in a notification']),
  ),
  getHostByName: 'a template asks nobody over the network',
  semver: 'versions are not compared here',
  semverCompare: 'versions are not compared here',
  call: 'no value of the data is a function',
};

/** Of sprig and of text/template; where both have one of a name it is sprig's, as in Go. */
export function templateFunctions({ clock, localZone, environment }: FunctionModules): Functions {
  const value = (name: string): string => environment(name) ?? '';
  return new Map(
    Object.entries({
      ...builtinFunctions,
      ...textFunctions,
      ...wordFunctions,
      ...listFunctions,
      ...dictFunctions,
      ...defaultFunctions,
      ...numericFunctions,
      ...dateFunctions(clock, localZone),
      ...regularFunctions,
      ...encodingFunctions,
      ...pathFunctions,
      ...urlFunctions,
      ...randomFunctions,
      env: fn(['string'], value),
      expandenv: fn(['string'], (text) =>
        text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/gu, (_all, braced?: string, plain?: string) =>
          value(braced ?? plain ?? ''),
        ),
      ),
    }),
  );
}

/** Why a template may not call a function of this name; undefined where it may. */
export function whyNoFunction(name: string, functions: Functions): string | undefined {
  if (functions.has(name) || name === 'and' || name === 'or') return undefined;
  const reason = Object.hasOwn(left, name) ? left[name] : undefined;
  return reason === undefined
    ? `function ${JSON.stringify(name)} not defined`
    : `function ${JSON.stringify(name)} is not supported: ${reason}`;
}
