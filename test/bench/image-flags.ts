import { existsSync, readFileSync } from 'node:fs';

/** Before there is an image. */
const flags = ['--no-opt', '--no-maglev', '--no-sparkplug', '--optimize-for-size', '--max-semi-space-size=1'];

/** The flags that the image gives to Node: the Dockerfile's ENTRYPOINT between `node` and the file. */
export function imageNodeFlags(): readonly string[] {
  const dockerfile = new URL('../../Dockerfile', import.meta.url);
  if (!existsSync(dockerfile)) return flags;
  const entryPoint = /^ENTRYPOINT\s+(\[.*\])/mu.exec(readFileSync(dockerfile, 'utf8'))?.[1];
  if (entryPoint === undefined) throw new Error('Cannot find an exec-form ENTRYPOINT in the Dockerfile');
  return (JSON.parse(entryPoint) as string[]).slice(1, -1);
}
