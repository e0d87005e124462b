import { readFileSync } from 'node:fs';

/** The Dockerfile's ENTRYPOINT, so that every tier runs the line that the image runs: `node`, its flags, the file. */
export function entrypoint(): string[] {
  const line = /^ENTRYPOINT\s+(\[.*\])$/mu.exec(dockerfile())?.[1];
  if (line === undefined) throw new Error('Cannot find an exec-form ENTRYPOINT in the Dockerfile');
  return JSON.parse(line) as string[];
}

/** The image that the Dockerfile builds on unless told otherwise. */
export function nodeImage(): string {
  const name = /^ARG NODE_IMAGE=(\S+)$/mu.exec(dockerfile())?.[1];
  if (name === undefined) throw new Error('Cannot find "ARG NODE_IMAGE=" in the Dockerfile');
  return name;
}

function dockerfile(): string {
  return readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
}
