import { posix } from 'node:path';
import { fn, type TemplateFunction } from '../function.ts';

const functions: Readonly<Record<string, TemplateFunction>> = {
  base: fn(['string'], (path) => (path === '' ? '.' : posix.basename(path) || '/')),
  dir: fn(['string'], (path) => cleaned(path.slice(0, path.lastIndexOf('/') + 1))),
  clean: fn(['string'], cleaned),
  ext: fn(['string'], (path) => /\.[^./]*$/.exec(path)?.[0] ?? ''),
  isAbs: fn(['string'], (path) => path.startsWith('/')),
};

/** sprig's functions of paths. */
export const pathFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...functions,
  ...Object.fromEntries(
    Object.entries(functions).map(([name, function_]) => [
      `os${name[0]?.toUpperCase()}${name.slice(1)}`,
      function_,
    ]),
  ),
};

function cleaned(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}
