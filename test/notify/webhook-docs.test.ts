import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodRecord } from '../../src/drain/report.ts';
import { webhookData, type Notice } from '../../src/notify/webhook-data.ts';
import { drainReportType, podReportType, webhookDataType } from '../../src/notify/webhook-types.ts';
import { timeType } from '../../src/notify/template/time.ts';
import type { Type } from '../../src/notify/template/types.ts';
import { fences, inlineCode, readPage } from '../docs/pages.ts';
import { t0 } from '../interruption/interruptions.ts';
import { notice, noticeFacts, webhookTemplate } from './notices.ts';

const page = await readPage('docs/webhook.md');

const pod: PodRecord = {
  namespace: 'shop',
  name: 'cart-0',
  uid: '1',
  owner: 'StatefulSet/cart',
  tier: 'ordinary',
  outcome: 'refused',
  because: 'held by the disruption budget "shop/cart"',
  askedAt: undefined,
  goneAt: undefined,
  graceSeconds: 30,
  refusals: 4,
  lastRefusal: 'budget',
};

const failed: Partial<Notice> = {
  moment: 'failed',
  end: {
    outcome: 'deadline-passed',
    troubles: ['1 pod held by the disruption budget "shop/cart" (shop/cart-0)'],
    report: {
      node: 'node-1',
      startedAt: t0,
      endedAt: t0 + 120_000,
      deadline: t0 + 120_000,
      endBy: t0 + 120_000,
      complete: false,
      pods: [pod, { ...pod, name: 'web-1', outcome: 'evicted', askedAt: t0 + 500, goneAt: t0 + 3_000 }],
      volumesAttached: 0,
      trouble: undefined,
    },
  },
};

test('each example of docs/webhook.md is posted as it says, before a drain and after', () => {
  const examples = fences(page).filter(({ language }) => language === 'gotemplate');
  assert.equal(examples.length, 4);
  for (const { code } of examples) {
    for (const given of [{ moment: 'received' } as const, failed]) {
      const body = webhookTemplate(code).execute(webhookData(notice(given), noticeFacts()));
      if (code.startsWith('{\n')) assert.doesNotThrow(() => JSON.parse(body), body);
      else assert.match(body, given === failed ? /shop\/cart-0: held by/ : /No pod was left behind/);
    }
  }
});

function membersOf(type: Type): string[] {
  const fields = (type.fields ?? []).flatMap(({ name, type: of, embedded }) =>
    embedded ? [name, ...membersOf(of)] : [name],
  );
  return [...fields, ...(type.methods ?? new Map<string, Type>()).keys()];
}

test('docs/webhook.md names every field and method', () => {
  const named = new Set(
    inlineCode(page).flatMap((code) => [...code.matchAll(/\.(\w+)/g)].map(([, it]) => it)),
  );
  const all = [webhookDataType, drainReportType, podReportType, timeType].flatMap(membersOf);
  assert.deepEqual(
    all.filter((name) => !named.has(name)),
    [],
  );
});

test('docs/webhook.md shows what is said of a bad template, with its place', () => {
  const [shown = ''] = fences(page)
    .filter(({ language }) => language === 'text')
    .map(({ code }) => code);
  assert.throws(
    () => webhookTemplate('Node {{ .Kind }}{{ if false }}{{ .Nod }}{{ end }}'),
    /can't evaluate field Nod/,
  );
  assert.match(shown, /^Cannot use webhook-template: line 1, column \d+: can't evaluate field Nod in type /);
});
