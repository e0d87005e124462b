// `npm run build`: dist/main.cjs, the lazily loaded chunks beside it, their source maps and their licences.
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = await bundle({ root, entry: 'src/main.ts', outFolder: 'dist' });

const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
for (const { name, bytes } of [...files, { name: 'all together', bytes: total }]) {
  console.log(`${(bytes / 1024).toFixed(1).padStart(9)} KiB  ${name}`);
}
