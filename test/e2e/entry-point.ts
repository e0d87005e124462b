import { fileURLToPath } from 'node:url';
import { entrypoint } from '../image/entrypoint.ts';

const root = new URL('../../', import.meta.url);

/** What the image sets besides PATH, which the daemon does not use. */
const imageEnv = { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' };

/** The image's command line, with this checkout's Node and bundle in place of those in the image. */
export function entryPoint(): { command: readonly string[]; env: Readonly<Record<string, string>> } {
  const here = (path: string): string => fileURLToPath(new URL(path, root));
  const [node, ...flags] = entrypoint();
  const file = flags.pop();
  if (node !== 'node' || file?.startsWith('/app/') !== true) {
    throw new Error(`Cannot run the image's entry point here: ${JSON.stringify(entrypoint())}`);
  }
  return {
    command: [here('node_modules/node/bin/node'), ...flags, here(file.replace('/app/', ''))],
    env: imageEnv,
  };
}
