import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { type LazyModule, lazyModules } from './lazy-modules.ts';
import { thirdPartyLicences } from './licences.ts';
import { trimmedModules } from './trimmed-modules.ts';

export interface BundleOptions {
  /** The project's folder, where node_modules is. */
  root: string;
  /** Relative to `root`. */
  entry: string;
  /** Relative to `root`; emptied first. */
  outFolder: string;
}

/** What the daemon's usual work never reaches. */
const lazyChunks: LazyModule[] = [
  // client-node: its typed API, proxies, kubeconfig files, and the auth providers oidc, azure and gcp.
  { chunk: 'undici', module: 'undici' },
  { chunk: 'socks', module: 'socks' },
  { chunk: 'socks-proxy-agent', module: 'socks-proxy-agent' },
  { chunk: 'hpagent', module: 'hpagent' },
  { chunk: 'openid-client', module: 'openid-client' },
  { chunk: 'jsonpath-plus', module: 'jsonpath-plus' },
  { chunk: 'js-yaml', module: 'js-yaml' },
  // fastify: its own logger, compilers of schemas, and injected requests.
  { chunk: 'pino', module: 'pino' },
  { chunk: 'light-my-request', module: 'light-my-request' },
  { chunk: 'ajv-compiler', module: '@fastify/ajv-compiler' },
  { chunk: 'fast-json-stringify-compiler', module: '@fastify/fast-json-stringify-compiler' },
  // got: HTTP/2 and compressed answers.
  { chunk: 'got-http2', module: 'got/dist/source/core/utils/http2-client.js' },
  { chunk: 'got-decompress', module: 'got/dist/source/core/utils/decompress-response.js' },
  // The webhook's templates: regular expressions.
  { chunk: 're2js', module: 're2js' },
  // prom-client: metrics pushed instead of scraped.
  { chunk: 'prom-client-pushgateway', module: 'prom-client/lib/pushgateway.js', evenIfRequired: true },
];
/** Node's own modules that cost most: 1 MB and 0.5 MB. */
const lazyBuiltins = ['http2', 'zlib'];

const common = {
  platform: 'node',
  target: 'node26',
  minify: true,
  logLevel: 'warning',
  legalComments: 'none',
  sourcesContent: false,
  outExtension: { '.js': '.cjs' },
} satisfies BuildOptions;

/**
 * Bundles the program for the image. Source text costs memory even when it never runs, so what is rarely
 * used goes into files of its own, loaded on first use.
 *
 * esbuild can share code between files only as ES modules, and an ES module that imports `node:http` makes
 * Node load its own undici. Hence two steps: split as ES modules, then turn each file into CommonJS.
 */
export async function bundle({
  root,
  entry,
  outFolder,
}: BundleOptions): Promise<{ name: string; bytes: number }[]> {
  const out = resolve(root, outFolder);
  await rm(out, { recursive: true, force: true });
  const modules = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    const metafile = await splitIntoModules(root, entry, modules);
    await turnIntoCommonJs(modules, out);
    await writeFile(join(out, 'THIRD-PARTY-LICENSES.txt'), await thirdPartyLicences(root, metafile));
  } finally {
    await rm(modules, { recursive: true });
  }
  return sizes(out);
}

async function splitIntoModules(root: string, entry: string, outdir: string): Promise<Metafile> {
  const chunks = lazyChunks.map(({ chunk, module }) => ({
    in: module.endsWith('.js') ? `./node_modules/${module}` : module,
    out: chunk,
  }));
  const { metafile } = await build({
    ...common,
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: 'main' }, ...chunks],
    bundle: true,
    splitting: true,
    format: 'esm',
    // esbuild's default for Node prefers `main`, whose CommonJS can't be shaken.
    mainFields: ['module', 'main'],
    sourcemap: 'inline',
    outdir,
    chunkNames: '[name]-[hash]',
    metafile: true,
    plugins: [lazyModules(lazyChunks, lazyBuiltins, root), trimmedModules],
  });
  return metafile;
}

async function turnIntoCommonJs(modules: string, outdir: string): Promise<void> {
  await build({
    ...common,
    entryPoints: (await readdir(modules)).map((file) => join(modules, file)),
    format: 'cjs',
    sourcemap: 'external',
    // import() becomes require(), which leaves Node's loader of ES modules alone.
    supported: { 'dynamic-import': false },
    // It would be undefined in CommonJS.
    logOverride: { 'empty-import-meta': 'error' },
    outdir,
  });
}

async function sizes(folder: string): Promise<{ name: string; bytes: number }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cjs')).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })));
}
