import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OnResolveArgs, Plugin } from 'esbuild';

/** A module that gets a file of its own, `<chunk>.cjs`, loaded when something first uses it. */
export interface LazyModule {
  chunk: string;
  /** A package, or a file below node_modules. */
  module: string;
  /**
   * Also a require() of it waits until one of its exports is used. Without this, a require() loads it:
   * where it stands within a function, its author chose the moment.
   */
  evenIfRequired?: true;
}

const waiting = 'loaded-when-used';
const required = 'loaded-when-required';

/**
 * Moves the loading of modules, and of Node's own ones, from where they are imported to where they are used.
 * What imports one gets an object with the same exports, each of which loads the real module. (A default
 * import gets that object too, which is what Node gives for CommonJS.)
 */
export function lazyModules(
  modules: readonly LazyModule[],
  builtins: readonly string[],
  root: string,
): Plugin {
  const find = ({ path, resolveDir }: OnResolveArgs): LazyModule | undefined => {
    const file = path.startsWith('.') ? join(resolveDir, path).split('/node_modules/').at(-1) : path;
    return modules.find(({ module }) => module === file || module === `${file}.js`);
  };

  return {
    name: 'lazy-modules',
    setup(build) {
      build.onResolve({ filter: /./ }, (args) => {
        if (args.kind === 'entry-point') return undefined;
        if ([waiting, required].includes(args.namespace)) return { path: args.path, external: true };
        const builtin = args.path.replace(/^node:/u, '');
        if (builtins.includes(builtin)) return { path: `node:${builtin}`, namespace: waiting };
        const lazy = find(args);
        if (lazy === undefined) return undefined;
        const waits = args.kind !== 'require-call' || lazy.evenIfRequired;
        return { path: lazy.chunk, namespace: waits ? waiting : required };
      });
      build.onLoad({ filter: /^node:/, namespace: waiting }, async ({ path }) => ({
        contents: waitingModule(`require("${path}")`, await exportsOf(path)),
      }));
      build.onLoad({ filter: /./, namespace: waiting }, async ({ path }) => {
        const { module = path } = modules.find(({ chunk }) => chunk === path) ?? {};
        const exports = await exportsOf(urlOf(module, root));
        // esbuild gives a CommonJS entry point one export, its module.exports as `default`.
        const access = exports.isCommonJs || exports.isFunction ? '.default' : '';
        return { contents: waitingModule(`require("./${path}.cjs")${access}`, exports) };
      });
      build.onLoad({ filter: /./, namespace: required }, ({ path }) => ({
        contents: `module.exports = require("./${path}.cjs").default;`,
      }));
    },
  };
}

interface Exports {
  readonly names: readonly string[];
  readonly isCommonJs: boolean;
  readonly isFunction: boolean;
}

function waitingModule(load: string, { names, isFunction }: Exports): string {
  const getters = names.map((name) => `get ${name}() { return loaded().${name}; }`);
  const stand = isFunction
    ? 'function (...args) { return new.target ? new (loaded())(...args) : loaded()(...args); }'
    : `{ ${getters.join(', ')} }`;
  return `let all;\nconst loaded = () => all ??= ${load};\nmodule.exports = ${stand};`;
}

function urlOf(module: string, root: string): string {
  const isFile = module.endsWith('.js');
  return isFile ? pathToFileURL(join(root, 'node_modules', module)).href : import.meta.resolve(module);
}

async function exportsOf(url: string): Promise<Exports> {
  const namespace = (await import(url)) as Record<string, unknown>;
  const names = Object.keys(namespace).filter(
    (name) => !['default', 'module.exports', '__esModule'].includes(name),
  );
  const isFunction = typeof namespace['default'] === 'function';
  if (isFunction && names.length > 0) {
    throw new Error(`Cannot load "${url}" lazily: it is a function that has exports`);
  }
  return { names, isCommonJs: 'module.exports' in namespace, isFunction };
}
