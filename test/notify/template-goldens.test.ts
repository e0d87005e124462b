import assert from 'node:assert/strict';
import { test } from 'node:test';
import data from '../fixtures/templates/data.json' with { type: 'json' };
import goldens from '../fixtures/templates/goldens.json' with { type: 'json' };
import type { NoticeFacts } from '../../src/notify/webhook-data.ts';
import { notice, noticeFacts, webhookTemplate } from './notices.ts';
import { GoMap, GoStruct, strings } from '../../src/notify/template/values.ts';
import { GoTime } from '../../src/notify/template/time.ts';
import { TemplateError } from '../../src/notify/template/template-error.ts';
import { webhookData } from '../../src/notify/webhook-data.ts';
import { interruptionEventType, webhookDataType } from '../../src/notify/webhook-types.ts';

interface Golden {
  readonly template: string;
  readonly output?: Readonly<Record<string, string>>;
  readonly fails?: readonly string[];
}

type Event = Partial<(typeof data)['spot']['Event']>;

/** The data that the generator in Go had. */
function dataSet(name: 'spot' | 'nothing'): GoStruct {
  const { Event: event, Metadata: metadata }: { Event: Event; Metadata: Record<string, string> } = data[name];
  const base = webhookData(notice(), factsOf(metadata));
  const fields = Object.fromEntries(
    (interruptionEventType.fields ?? []).map(({ name: field, type }) => {
      const value = event[field as keyof Event];
      if (type.kind === 'bool') return [field, value ?? false];
      if (type.kind === 'struct') {
        const text = (value as string | undefined) ?? '0001-01-01T00:00:00Z';
        return [field, text.startsWith('0001') ? GoTime.zero : GoTime.ofMs(Date.parse(text))];
      }
      if (type.kind === 'map') {
        const entries = new Map(Object.entries((value as Record<string, string> | undefined) ?? {}));
        return [field, new GoMap(type, entries, value === undefined)];
      }
      if (type.kind === 'slice')
        return [field, strings((value as string[] | undefined) ?? [], value === undefined)];
      return [field, value ?? ''];
    }),
  );
  return new GoStruct(webhookDataType, {
    ...base.fields,
    InstanceID: event.InstanceID ?? '',
    InstanceType: metadata['instanceType'] ?? '',
    InterruptionEvent: new GoStruct(
      interruptionEventType,
      fields,
      new Map([['IsRebalanceRecommendation', () => event.Kind === 'REBALANCE_RECOMMENDATION']]),
    ),
  });
}

function factsOf(metadata: Readonly<Record<string, string>>): NoticeFacts {
  const { publicIp = '', privateIp = '' } = metadata;
  const names = [
    'accountId',
    'instanceId',
    'instanceLifeCycle',
    'instanceType',
    'publicHostname',
    'localHostname',
    'availabilityZone',
    'region',
  ] as const;
  const texts = Object.fromEntries(names.map((name) => [name, metadata[name] ?? ''])) as Record<
    (typeof names)[number],
    string
  >;
  return noticeFacts({ ...texts, publicIp, localIp: privateIp });
}

/** null: it fails. */
function outcome(template: string, set: 'spot' | 'nothing'): string | null {
  try {
    return webhookTemplate(template).execute(dataSet(set));
  } catch (error) {
    assert.ok(error instanceof TemplateError, `${template}: ${String(error)}`);
    return null;
  }
}

for (const { template, output, fails } of goldens as readonly Golden[]) {
  test(`as in Go: ${template}`, () => {
    for (const set of ['spot', 'nothing'] as const) {
      const expected = fails?.includes(set) ? null : (output?.[set] ?? null);
      assert.equal(outcome(template, set), expected, set);
    }
  });
}
