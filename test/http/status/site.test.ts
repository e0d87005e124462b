import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { Health } from '../../../src/health.ts';
import { HttpServer } from '../../../src/http/server.ts';
import { contentSecurityPolicy } from '../../../src/http/status/page.ts';
import { statusEndpoints } from '../../../src/http/status/endpoints.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { StatusDocument } from '../../../src/status/document.ts';
import { capturedLogger } from '../../logger/captured-logger.ts';
import { HeldClock } from '../held-clock.ts';
import { ask } from '../running-server.ts';
import { busy, idle } from './documents.ts';

/** The page over the real server; what it shows is `shown.document`, or what `shown.read` makes of it. */
async function runSite() {
  const clock = new HeldClock();
  const health = new Health(clock);
  const { logger, stdout, stderr } = capturedLogger();
  const shared = { clock, health, logger, metrics: createMetrics('1.2.3') };
  const shown = { document: idle, read: (): StatusDocument => shown.document };
  const server = new HttpServer(
    { metricsPort: undefined, probesPort: 0, probesPath: '/healthz' },
    {
      ...shared,
      besideProbes: statusEndpoints({
        ...shared,
        read: () => new Promise((resolve) => resolve(shown.read())),
      }),
    },
  );
  await server.start();
  return {
    server,
    port: server.probesPort ?? 0,
    clock,
    shown,
    stdout,
    stderr,
    listen: () => listen(server.probesPort ?? 0),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

interface Event {
  readonly type: string;
  readonly data: string;
}

/** An open page: what comes over its stream, one event or comment after the other. */
async function listen(port: number) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/status/events', agent: false }, resolve).once('error', reject);
  });
  const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]();
  let text = '';
  return {
    response,
    close: () => response.destroy(),
    /** The next event; undefined at the end. */
    async next(): Promise<Event | undefined> {
      while (!text.includes('\n\n')) {
        const { done, value } = await chunks.next();
        if (done) return undefined;
        text += String(value);
      }
      const end = text.indexOf('\n\n');
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim();
      return {
        type: lines[0] === ':' ? 'comment' : (field('event') ?? 'message'),
        data: field('data') ?? '',
      };
    },
  };
}

function sectionsOf(event: Event | undefined) {
  return (JSON.parse(event?.data ?? '{}') as { sections: Record<string, string> }).sections;
}

test('the page and its JSON have the headers that keep other sites and caches away from them', async () => {
  await using site = await runSite();
  const page = await ask(site.port, '/status');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['content-security-policy'], contentSecurityPolicy);
  const json = await ask(site.port, '/status.json?pretty');
  assert.equal(json.headers['content-type'], 'application/json');
  assert.deepEqual((JSON.parse(json.body) as typeof idle).counts, idle.counts);
  for (const { headers } of [page, json]) {
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
  }
  assert.deepEqual(
    site.stdout.filter((line) => line.includes('/status')).length,
    1,
    'one line for the page and all that belongs to it',
  );
});

test('the page, its JSON and its events answer HEAD, and nothing but GET and HEAD', async () => {
  await using site = await runSite();
  for (const path of ['/status', '/status.json', '/status/events']) {
    const { status, body } = await ask(site.port, path, { method: 'HEAD' });
    assert.deepEqual([status, body], [200, ''], path);
    assert.equal((await ask(site.port, path, { method: 'POST' })).status, 405, path);
  }
});

test('an open page is sent all of it, then what has changed, and in quiet times a comment', async () => {
  await using site = await runSite();
  const page = await site.listen();
  assert.equal(page.response.headers['content-type'], 'text/event-stream');
  // The time after which the browser comes back.
  assert.equal((await page.next())?.data, '');
  assert.deepEqual(Object.keys(sectionsOf(await page.next())).sort(), [
    'ended',
    'headline',
    'running',
    'sources',
  ]);

  site.shown.document = { ...busy, sources: idle.sources };
  await site.clock.reached(1);
  site.clock.wakeAll();
  const change = await page.next();
  assert.deepEqual(Object.keys(sectionsOf(change)).sort(), ['ended', 'headline', 'running']);
  assert.equal(
    (JSON.parse(change?.data ?? '') as { title: string }).title,
    '1 node being taken out of service, 1 blocked',
  );

  await site.clock.reached(2);
  site.clock.advance(15_000);
  site.clock.wakeAll();
  assert.equal((await page.next())?.type, 'comment');
  page.close();
});

test('sixteen pages may be open, the next one is told to come again', async () => {
  await using site = await runSite();
  const pages = await Promise.all(Array.from({ length: 16 }, () => site.listen()));
  const refused = await ask(site.port, '/status/events');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '10');
  assert.equal((await ask(site.port, '/status')).status, 200);

  pages[0]?.close();
  while ((await ask(site.port, '/status/events', { method: 'HEAD' })).status !== 200);
  for (const page of pages) page.close();
});

test('open pages are told of the end, which they do not hold up', async () => {
  await using site = await runSite();
  const page = await site.listen();
  await page.next();
  await page.next();
  await site.server.stop();
  assert.equal((await page.next())?.type, 'end');
  assert.equal(await page.next(), undefined);
});

test('what cannot be read is told once, and ends the open pages, which come again', async () => {
  await using site = await runSite();
  site.shown.read = () => {
    throw new Error('no figures');
  };
  for (let turn = 0; turn < 2; turn += 1) {
    await assert.rejects(async () => {
      const page = await site.listen();
      while (await page.next()) continue;
    });
  }
  assert.equal(
    site.stderr.filter((line) => line.includes('Cannot keep open status pages up to date')).length,
    1,
  );
  assert.equal((await ask(site.port, '/status')).status, 500);
  assert.equal((await ask(site.port, '/healthz')).status, 200);
});
