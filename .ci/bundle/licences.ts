import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** The licences of all packages of which something is in the bundle, as their conditions ask. */
export async function thirdPartyLicences(root: string, { inputs }: Metafile): Promise<string> {
  const folders = new Set(
    Object.keys(inputs).map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(input)?.[0] ?? ''),
  );
  folders.delete('');
  const entries = await Promise.all([...folders].sort().map((folder) => licenceOf(join(root, folder))));
  return entries.join(`\n${'-'.repeat(80)}\n\n`);
}

interface Package {
  name: string;
  version: string;
  license: string;
  author?: string | { name: string };
}

async function licenceOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  const { name, version, license, author } = JSON.parse(text) as Package;
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/iu.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  if (texts.length === 0) {
    const by = typeof author === 'object' ? author.name : (author ?? 'its authors');
    texts.push(`Copyright ${by}. The package holds no text of its licence.\n`);
  }
  return [`${name} ${version} (${license})\n`, ...texts].join('\n');
}
