import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { it } from 'node:test';
import { prose, readPage, readPages, root, type Page } from './pages.ts';

it('has a file, and the heading, at the end of every relative link', async () => {
  const problems = await Promise.all((await readPages()).map(brokenLinks));
  assert.deepEqual(problems.flat(), []);
});

async function brokenLinks(page: Page): Promise<string[]> {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const relative = targets.filter((target) => !/^[a-z]+:/.test(target));
  const broken = await Promise.all(
    relative.map(async (target) => ((await leadsSomewhere(page, target)) ? [] : [`${page.path}: ${target}`])),
  );
  return broken.flat();
}

async function leadsSomewhere(page: Page, target: string): Promise<boolean> {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page.path : posix.join(posix.dirname(page.path), file);
  const exists = await stat(root + path).then(
    () => true,
    () => false,
  );
  if (!exists || anchor === undefined) return exists;
  return headings(path === page.path ? page : await readPage(path)).includes(anchor);
}

/** As GitHub makes anchors of headings. */
function headings(page: Page): string[] {
  const titles = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
  return titles.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
}
