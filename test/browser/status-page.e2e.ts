import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ensureChromium } from '../parts/debian.ts';
import { startScene, threeDrains, untilOver, type Scene } from './scene.ts';

const pictures = process.env['PICTURES'] ?? fileURLToPath(new URL('../../dist/pictures', import.meta.url));

interface Look {
  readonly width?: number;
  readonly dark?: boolean;
  readonly withoutScript?: boolean;
}

describe('the status page in Chromium', () => {
  let browser: Browser;
  let scene: Scene;
  before(async () => {
    await mkdir(pictures, { recursive: true });
    browser = await chromium.launch({
      executablePath: await ensureChromium(),
      // Root has no sandbox.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    scene = await startScene();
    await scene.advance(3000);
  });
  after(async () => {
    await scene[Symbol.asyncDispose]();
    await browser.close();
  });

  /** The page as it is shown; `complaints` has all that the browser has against it. */
  async function open({ width = 1100, dark = false, withoutScript = false }: Look = {}) {
    const page = await browser.newPage({
      viewport: { width, height: width < 500 ? 844 : 800 },
      colorScheme: dark ? 'dark' : 'light',
      javaScriptEnabled: !withoutScript,
      reducedMotion: 'reduce',
    });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    await page.goto(scene.url, { waitUntil: 'domcontentloaded' });
    if (!withoutScript) await page.locator('#live[data-state=live]').waitFor();
    return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
  }

  /** In each look: nothing wrong by axe-core, nothing wider than the screen, no complaint of the browser. A picture of each. */
  async function check(moment: string): Promise<void> {
    for (const [name, look] of [
      ['light', {}],
      ['dark', { dark: true }],
      ['phone', { width: 390 }],
      ['phone-dark', { width: 390, dark: true }],
    ] as const) {
      await using shown = await open(look);
      const { page, complaints } = shown;
      await page.screenshot({
        path: `${pictures}/status-${moment}-${name}.png`,
        fullPage: true,
        // Without the list of options, which says nothing.
        clip: {
          x: 0,
          y: 0,
          width: 'width' in look ? look.width : 1100,
          height: await topOf(page, '#config'),
        },
      });
      assert.deepEqual(await tooWide(page), 0, `${name}: the page is wider than the screen`);
      for (const summary of await page
        .locator('main > section > details > summary, main summary:visible')
        .all()) {
        await summary.click();
      }
      assert.deepEqual(await violations(page), [], name);
      assert.deepEqual(await tooWide(page), 0, `${name}, opened: the page is wider than the screen`);
      assert.deepEqual(complaints, [], name);
    }
  }

  it('is well with nothing to do', async () => {
    await check('idle');
  });

  it('changes while it is open, and leaves alone what was opened and where the focus is', async () => {
    await using shown = await open();
    const { page, complaints } = shown;
    await page.locator('#defaults > summary').click();
    assert.equal(await page.locator('h1').innerText(), 'All quiet');
    await threeDrains(scene);
    await page.locator('h1', { hasText: '3 nodes being taken out of service, 1 blocked' }).waitFor();
    assert.equal(await page.locator('#defaults').getAttribute('open'), '');
    assert.equal(await page.evaluate('document.activeElement.parentElement.id'), 'defaults');
    assert.equal(await page.locator('article').count(), 3);
    assert.equal(await page.title(), '3 nodes being taken out of service, 1 blocked · node termination');
    assert.equal(
      await page.locator('[role=status]').innerText(),
      '3 nodes being taken out of service, 1 blocked',
      'a screen reader is told',
    );
    assert.deepEqual(complaints, []);
  });

  it('is well with three drains, one of them blocked', async () => {
    await check('drains');
  });

  it('counts the time down by itself', async () => {
    await using shown = await open();
    const deadline = shown.page.locator('article').first().locator('.deadline time');
    const before = await deadline.innerText();
    await deadline.filter({ hasNotText: before }).waitFor();
  });

  it('is whole without its script, and reads itself anew', async () => {
    await using shown = await open({ withoutScript: true });
    assert.match(
      await shown.page.locator('article').first().innerText(),
      /held by disruption budget shop\/cart/u,
    );
    assert.match(await shown.page.locator('article .deadline').first().innerText(), /1:\d\d/u);
    assert.equal(await shown.page.locator('noscript meta[http-equiv=refresh]').count(), 1);
  });

  it('is gone through with the keyboard, and shows where one is', async () => {
    await using shown = await open();
    const { page } = shown;
    const focused = () =>
      page.evaluate<{ text: string; outline: string }>(
        '({ text: document.activeElement.textContent.trim().slice(0, 40), outline: getComputedStyle(document.activeElement).outlineStyle })',
      );
    await page.keyboard.press('Tab');
    assert.equal((await focused()).text, 'Skip to what happens now');
    await page.keyboard.press('Tab');
    assert.deepEqual(await focused(), { text: 'Pods that are still there', outline: 'solid' });
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('article details').first().getAttribute('open'), '');
  });

  it('leaves alone what was opened where one drain ends and the others go on', async () => {
    await using shown = await open();
    const { page } = shown;
    const card = page.locator('article', { hasText: scene.names.busy });
    const report = page.locator('tr.report', { hasText: scene.names.unlucky });
    await report.locator('summary').click();
    await card.locator('summary').click();
    const opened = await card.locator('details').getAttribute('id');
    await scene.advance(20_000);
    await page.locator('#ended tr', { hasText: scene.names.calm }).first().waitFor();
    assert.equal(await page.locator('article').count(), 2);
    assert.equal(await card.locator('details').getAttribute('open'), '');
    assert.equal(await report.locator('details').getAttribute('open'), '');
    assert.equal(await page.evaluate('document.activeElement.parentElement.id'), opened);
  });

  it('is well after all is over', async () => {
    await untilOver(scene);
    await check('after');
  });

  it('says that the connection is lost', async () => {
    await using shown = await open();
    await scene.stopServer();
    await shown.page.locator('#live[data-state=lost]').waitFor();
  });
});

function topOf(page: Page, selector: string): Promise<number> {
  return page.evaluate<number>(`document.querySelector('${selector}').getBoundingClientRect().top`);
}

function tooWide(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** What axe-core finds, contrast among it; it is put in past the page's policy, as a developer's tools are. */
async function violations(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe.source });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value as string[];
}
