import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface Page {
  /** From the repository's root, such as `docs/imds.md`. */
  readonly path: string;
  readonly text: string;
}

export interface Fence {
  readonly language: string;
  readonly code: string;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** What people read: the pages at the root, and docs/. */
export async function readPages(): Promise<Page[]> {
  return readFiles(['*.md', 'docs/**/*.md']);
}

export async function readFiles(patterns: readonly string[]): Promise<Page[]> {
  const paths: string[] = [];
  for await (const path of glob(patterns, { cwd: root })) paths.push(path);
  return Promise.all(paths.sort().map(readPage));
}

export async function readPage(path: string): Promise<Page> {
  return { path, text: await readFile(root + path, 'utf8') };
}

const fence = /^```(\w*)\n(.*?)^```$/gms;

export function fences({ text }: Page): Fence[] {
  return [...text.matchAll(fence)].map(([, language = '', code = '']) => ({ language, code }));
}

/** The text without its fenced blocks. */
export function prose({ text }: Page): string {
  return text.replaceAll(fence, '');
}

/** What stands between backticks in the prose. */
export function inlineCode(page: Page): string[] {
  return [...prose(page).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
