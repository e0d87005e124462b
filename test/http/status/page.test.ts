import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { statusJson } from '../../../src/http/status/json.ts';
import { contentSecurityPolicy, liveStatus, statusPage } from '../../../src/http/status/page.ts';
import { duration } from '../../../src/http/status/times.ts';
import { blocked, busy, failed, idle, withTexts } from './documents.ts';

const paths = { events: '/status/events', json: '/status.json' };

test('says at the top what matters: nothing, or how many drains, and how many of them are blocked', () => {
  const titleOf = (page: string) => /<h1>(?<title>.*)<\/h1>/u.exec(page)?.groups?.['title'];
  assert.equal(titleOf(statusPage(idle, paths)), 'All quiet');
  assert.equal(titleOf(statusPage(busy, paths)), '1 node being taken out of service, 1 blocked');
  const notReady = { ...idle, health: { stuck: [], notReady: ['imds: does not answer'] } };
  assert.equal(titleOf(statusPage(notReady, paths)), 'Not everything is there');
  assert.match(statusPage(notReady, paths), /<li>imds: does not answer<\/li>/u);
});

test('tells of a queue what is in hand', () => {
  assert.match(statusPage(idle, paths), /<td>2 messages, the oldest sent 9 s ago<\/td>/u);
});

test('tells of a drain its deadline, its pods by state, what holds it, and until when', () => {
  const page = statusPage(busy, paths);
  assert.match(page, />1:50<\/time><\/span> until the machine ends/u);
  assert.match(page, /<b>2<\/b> shutting down/u);
  assert.match(page, /<b>1<\/b> blocked/u);
  assert.match(page, /held by disruption budget shop\/cart: needs 1 healthy, has 1/u);
  assert.match(page, />12:01:18<\/time>, in <time[^>]*>1:18<\/time>/u);
});

test('tells of a drain that is over how it ended, who was left behind and why', () => {
  const page = statusPage(busy, paths);
  assert.match(page, /deadline passed<\/span><small>2 attempts/u);
  assert.match(page, /<li>1 pod still shutting down: container main \(shop\/slow-0\)<\/li>/u);
  assert.match(page, /3 evicted · 1 still shutting down/u);
});

for (const text of [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(1)</script>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '</style><!--',
]) {
  test(`escapes what it is told: ${text}`, () => {
    const hostile = withTexts(busy, text);
    const { sections } = liveStatus(hostile);
    const plain = withTexts(busy, 'text');
    const expected = liveStatus(plain).sections;
    for (const [given, harmless] of [
      [statusPage(hostile, paths), statusPage(plain, paths)],
      ...Object.entries(sections).map(([id, it]) => [it, expected[id as keyof typeof expected]] as const),
    ] as const) {
      // The same tags, in the same order, with the same attributes: nothing of the text has become markup.
      assert.deepEqual(skeleton(given), skeleton(harmless));
      assert.ok(!given.replace(/<(?:style|script)>[^]*?<\/(?:style|script)>/gu, '').includes(text));
    }
  });
}

function skeleton(page: string): string[] {
  const withoutOwn = page.replace(/<(style|script)>[^]*?<\/\1>/gu, '<$1>');
  return [...withoutOwn.matchAll(/<(?:"[^"]*"|[^>"])*>/gu)].map(([tag]) => tag.replaceAll(/="[^"]*"/gu, '='));
}

test('shows what would make one name look like another', () => {
  const [pod] = blocked.pods;
  assert.ok(pod);
  const reversed = { ...blocked, pods: [{ ...pod, name: 'web\u202E0-trac\u0000' }] };
  const page = statusPage({ ...busy, running: [reversed] }, paths);
  assert.match(page, /web U\+202e 0-trac U\+0000 /u);
});

test('allows its own style and script by their hashes, and no other', () => {
  const page = statusPage(busy, paths);
  for (const [element, directive] of [
    ['style', 'style-src'],
    ['script', 'script-src'],
  ] as const) {
    const text = new RegExp(`<${element}>(?<text>[^]*?)</${element}>`, 'u').exec(page)?.groups?.['text'];
    const hash = createHash('sha256')
      .update(text ?? '')
      .digest('base64');
    assert.ok(contentSecurityPolicy.includes(`${directive} 'sha256-${hash}'`), directive);
  }
  assert.match(contentSecurityPolicy, /^default-src 'none'; /u);
  assert.doesNotMatch(contentSecurityPolicy, /unsafe/u);
  assert.doesNotMatch(page, / style="| on\w+="/u);
  assert.doesNotMatch(page, /(?:src|href)="(?!#|\/status|data:image\/svg)/u);
});

test('is found its way through by a screen reader: one heading of each section, tables with headers, one polite voice', () => {
  const page = statusPage(busy, paths);
  assert.equal(page.match(/<h1>/gu)?.length, 1);
  assert.match(page, /<html lang="en">/u);
  assert.match(page, /<a class="skip" href="#main">/u);
  for (const landmark of ['<header class="top">', '<main id="main"', '<footer>'])
    assert.ok(page.includes(landmark));
  for (const [table] of page.matchAll(/<table>[^]*?<\/table>/gu)) {
    assert.match(table, /<th scope="col"/u);
    assert.match(table, /<th scope="row"/u);
  }
  assert.equal(page.match(/aria-live="polite"/gu)?.length, 1);
});

test('an open page is sent no section that differs by nothing but the time', () => {
  const later = { ...busy, at: busy.at + 7000 };
  assert.deepEqual(liveStatus(later).sections, liveStatus(busy).sections);
});

test('hundreds of drains are a page that can be read', () => {
  const many = {
    ...busy,
    counts: { running: 500, blocked: 0, ended: 50 },
    running: Array.from({ length: 100 }, (_, id) => ({ ...blocked, id, node: `node-${id}` })),
    runningNotListed: 400,
    ended: Array.from({ length: 50 }, (_, id) => ({ ...failed, id })),
  };
  const page = statusPage(many, paths);
  assert.equal(page.match(/<article /gu)?.length, 12);
  assert.match(page, /and 400 more nodes/u);
  assert.ok(page.length < 400_000, String(page.length));
});

test('/status.json has instants as ISO 8601, and leaves out what is not known', () => {
  const json = JSON.parse(statusJson(busy)) as typeof busy;
  assert.deepEqual(json.counts, busy.counts);
  assert.equal(json.at, '2030-01-01T12:00:00.000Z');
  const [running] = json.running;
  assert.equal(running?.deadline, '2030-01-01T12:01:50.000Z');
  assert.equal(running.blocks[0]?.askBy, '2030-01-01T12:01:18.000Z');
  assert.ok(!Object.keys(running).includes('waitsUntil'));
  assert.deepEqual(running.podCounts, blocked.podCounts);
  assert.equal(json.ended[0]?.report?.pods[0]?.askedAt, '2030-01-01T11:57:56.000Z');
  assert.equal(json.ended[0].report.secondsToSpare, 0);
  assert.deepEqual(json.config, busy.config);
});

test('durations have two units at most', () => {
  const shown = [0, 40, 1999, 12_000, 65_000, 3_600_000, 3_725_000, 90_061_000].map(duration);
  assert.deepEqual(shown, ['0 s', '40 ms', '1.9 s', '12 s', '1 min 5 s', '1 h', '1 h 2 min', '1 d 1 h']);
});
