import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../fixtures/sqs/', import.meta.url));

/** The body of a recorded message. */
export function fixture(name: string): string {
  return readFileSync(`${folder}${name}.json`, 'utf8');
}

export const fixtureNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));
