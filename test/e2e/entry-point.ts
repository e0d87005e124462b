import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const flags = ['--no-opt', '--no-maglev', '--no-sparkplug', '--optimize-for-size', '--max-semi-space-size=1'];

/** The image's command line, with this checkout's Node and bundle. */
export function entryPoint(): { command: string[]; env: Record<string, string> } {
  const path = (name: string): string => fileURLToPath(new URL(name, root));
  return {
    command: [path('node_modules/node/bin/node'), ...flags, path('dist/main.cjs')],
    env: { MALLOC_ARENA_MAX: '1' },
  };
}
