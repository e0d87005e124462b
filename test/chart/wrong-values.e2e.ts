import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { refusal, render, type RenderOptions, type Values } from './helm.ts';
import { queueMode } from './modes.ts';
import { containerOf, plainEnvironment, workloadOf } from './workload.ts';

interface Wrong {
  readonly values: Values;
  readonly mode?: 'queue';
  readonly kubeVersion?: string;
  readonly says: string;
}

const wrongs = parse(readFileSync(new URL('wrong-values.yaml', import.meta.url), 'utf8')) as readonly Wrong[];

suite('wrong values', { concurrency: 2 }, () => {
  for (const { values, mode, kubeVersion, says } of wrongs) {
    test(`are refused: ${says}`, async () => {
      const options: RenderOptions = kubeVersion === undefined ? {} : { kubeVersion };
      const said = await refusal({ ...(mode === 'queue' && queueMode), ...values }, options);
      assert.ok(said.includes(says), said);
    });
  }

  test('are all named at once', async () => {
    const said = await refusal({ dryrun: true, dryRun: 'maybe', targetNodeOs: 'macos' });
    assert.equal(said.match(/^ {2}- /gm)?.length, 3, said);
  });
});

/** What NTH's chart takes and what works there. */
const taken: Readonly<Record<string, Values>> = {
  'booleans and numbers as strings': {
    dryRun: 'true',
    enableProbesServer: 'T',
    enablePrometheusServer: '1',
    prometheusServerPort: '9100',
    metadataTries: '5',
    probes: { httpGet: { port: '8081' } },
    useHostNetwork: 'false',
  },
  'the values of a parent chart': { global: { imageRegistry: 'registry.example' }, enabled: true },
  'a webhook URL beside its Secret': { webhookURL: 'https://hooks.example', webhookURLSecretName: 'hook' },
  'values of its older charts': {
    gracePeriod: 30,
    probesServerPort: 8080,
    nodeSelectorTermsOs: '',
    linuxUpdateStrategy: '',
  },
  'values of the other mode': { queueURL: 'https://sqs.us-east-1.amazonaws.com/1/q', heartbeatUntil: 600 },
  'defaults taken away': {
    daemonsetAffinity: null,
    daemonsetTolerations: null,
    logLevel: null,
    resources: null,
    podSecurityContext: null,
    extraEnv: null,
  },
  'no values of ours, as helm upgrade --reuse-values has it': {
    nodeRestriction: null,
    config: null,
    readinessProbe: null,
    prometheusRule: null,
    dashboard: null,
    networkPolicy: null,
    nodeConditions: null,
  },
  'one of two that belong together': { webhookTemplateConfigMapKey: 'template', awsAccessKeyID: 'a' },
  'monitors without metrics': { podMonitor: { create: true }, serviceMonitor: { create: true } },
};

suite('values that work with the chart of NTH', { concurrency: 2 }, () => {
  for (const [what, values] of Object.entries(taken)) {
    test(`are taken: ${what}`, async () => {
      assert.ok((await render(values)).some(({ kind }) => kind === 'DaemonSet'));
    });
  }

  test('are taken: a queue URL from extraEnv, whatever the case', async () => {
    const url = { name: 'QUEUE_URL', valueFrom: { configMapKeyRef: { name: 'queue', key: 'url' } } };
    const { env } = containerOf(
      workloadOf(await render({ enableSqsTerminationDraining: 'TRUE', extraEnv: [url] })),
    );
    assert.deepEqual(
      env.filter(({ name }) => name === 'QUEUE_URL'),
      [url],
    );
  });

  test('mean the same as strings', async () => {
    const strings = { dryRun: 'true', probes: { httpGet: { port: '8081' } }, enableProbesServer: 'true' };
    const plain = { dryRun: true, probes: { httpGet: { port: 8081 } }, enableProbesServer: true };
    assert.deepEqual(await render(strings), await render(plain));
    assert.equal(plainEnvironment(containerOf(workloadOf(await render({ dryRun: 't' }))))['DRY_RUN'], 't');
  });

  test('keep false false, also as a string', async () => {
    assert.deepEqual(await render({ enableSqsTerminationDraining: 'false' }), await render());
  });

  test('name each variable once, the last of extraEnv winning', async () => {
    const extraEnv = [
      { name: 'LOG_LEVEL', value: 'debug' },
      { name: 'LOG_LEVEL', value: 'error' },
    ];
    const { env } = containerOf(workloadOf(await render({ extraEnv })));
    assert.equal(new Set(env.map(({ name }) => name)).size, env.length);
    assert.deepEqual(
      env.filter(({ name }) => name === 'LOG_LEVEL'),
      [extraEnv[1]],
    );
  });
});
