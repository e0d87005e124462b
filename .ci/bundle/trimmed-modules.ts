import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

const ownLookUp = Symbol('a look-up of this plugin');

/** Leaves out what is imported and never used, where a package doesn't say itself that it can be. */
export const trimmedModules: Plugin = {
  name: 'trimmed-modules',
  setup(build) {
    // client-node's index imports all of its parts, the models of every API object among them.
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === ownLookUp) return undefined;
      return { ...(await build.resolve(path, { ...options, pluginData: ownLookUp })), sideEffects: false };
    });
    build.onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, importer, resolveDir }) =>
      importer.includes('/node_modules/@kubernetes/client-node/')
        ? { path: join(resolveDir, path), sideEffects: false }
        : undefined,
    );
    // got asks of each body whether it is one of these, and to be asked makes Node load its fetch, undici and all:
    // 2.5 MB. No body of ours is.
    build.onLoad({ filter: /\/node_modules\/got\/dist\/.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const asked = ['FormData', 'ReadableStream'].filter((name) => source.includes(`instanceof ${name}`));
      return { contents: [...asked.map((name) => `const ${name} = class {};`), source].join('\n') };
    });
    // A program that imports a package.json wants its name and version.
    build.onLoad({ filter: /\/package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};
