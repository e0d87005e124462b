import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { ensurePromtool } from '../parts/debian.ts';
import { run } from '../parts/run.ts';
import { chartFolder, helm, refusal, render, renderText, type RenderOptions, type Values } from './helm.ts';
import { everythingOfImdsMode, everythingOfQueueMode, queueMode } from './modes.ts';
import { only } from './workload.ts';

const withoutPolicies = { nodeRestriction: { evictions: false } };
/** Their content is not of the templates. */
const withoutContent = { prometheusRule: { create: false }, dashboard: { create: false } };

/** Looked at by eye when they change: `UPDATE_GOLDEN=1 npm run test:chart` writes them. */
const golden: Readonly<Record<string, readonly [Values, RenderOptions]>> = {
  'imds-mode': [{}, {}],
  'queue-mode': [queueMode, {}],
  'imds-mode-everything': [{ ...everythingOfImdsMode, ...withoutContent }, { tests: true }],
  'queue-mode-everything': [{ ...everythingOfQueueMode, ...withoutContent }, { tests: true }],
  'kubernetes-1.16': [
    { ...everythingOfImdsMode, ...withoutContent, ...withoutPolicies },
    { kubeVersion: '1.16.0' },
  ],
};

suite('the chart', { concurrency: 2 }, () => {
  for (const [name, [values, options]] of Object.entries(golden)) {
    test(`renders as reviewed: ${name}`, async () => {
      const path = new URL(`../fixtures/chart/${name}.yaml`, import.meta.url);
      const rendered = await renderText(values, options);
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, rendered);
      const reviewed = (await readFile(path, 'utf8')).split('\n');
      const changed = rendered.split('\n').findIndex((line, index) => line !== reviewed[index]);
      assert.ok(rendered === reviewed.join('\n'), `line ${changed + 1} is not "${reviewed[changed]}"`);
    });
  }

  test('renders the same with Helm 3', async () => {
    for (const values of [everythingOfImdsMode, everythingOfQueueMode]) {
      assert.equal(await renderText(values, { helm: 3 }), await renderText(values));
    }
    assert.match(await refusal({ dryrun: true }, { helm: 3 }), /There is no value "dryrun"/);
  });

  test('passes helm lint --strict in both modes', async () => {
    for (const values of [{}, queueMode, everythingOfImdsMode, everythingOfQueueMode]) {
      const { code, stdout } = await helm(['lint', '--strict', chartFolder, '--values', '-'], values);
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, /\[(WARNING|ERROR)\]/);
    }
  });

  test('has one Kubernetes object of a kind and name', async () => {
    for (const values of [everythingOfImdsMode, everythingOfQueueMode]) {
      const names = (await render(values)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(names).size, names.length);
    }
  });

  test('makes a package', async (t) => {
    const folder = await temporaryFolder(t);
    const { code, stderr } = await helm(['package', chartFolder, '--destination', folder]);
    assert.equal(code, 0, stderr);
  });

  test('has the dashboard as it is in the file', async () => {
    const values = { ...queueMode, dashboard: { create: true, namespace: 'monitoring' } };
    const { data, metadata } = only(await render(values), 'ConfigMap');
    assert.equal(metadata.namespace, 'monitoring');
    for (const [name, content] of Object.entries(data as Readonly<Record<string, string>>)) {
      const file = await readFile(join(chartFolder, 'files', name), 'utf8');
      assert.equal(content.trim(), file.trim());
    }
  });

  test('has alerts that promtool takes', async (t) => {
    const rule = only(
      await render({ ...queueMode, enablePrometheusServer: true, prometheusRule: { create: true } }),
      'PrometheusRule',
    );
    const file = join(await temporaryFolder(t), 'alerts.yaml');
    await writeFile(file, stringify(rule['spec']));
    await run(await ensurePromtool(), ['check', 'rules', file]);
  });
});

suite('the notes', { concurrency: 2 }, () => {
  const notes = async (values: Values): Promise<string> => {
    const args = [
      'install',
      'nth',
      chartFolder,
      '--namespace',
      'kube-system',
      '--dry-run=client',
      '--values',
      '-',
    ];
    const { code, stdout, stderr } = await helm(args, values);
    assert.equal(code, 0, stderr);
    return stdout.slice(stdout.indexOf('NOTES:'));
  };

  test('say what IMDS mode watches, and the next command', async () => {
    const text = await notes({ enableProbesServer: true, image: { repository: 'registry.example/nth' } });
    assert.match(
      text,
      /IMDS mode: a pod on each node \(linux\) .*\n {2}- Spot notices\n {2}- scheduled maintenance\n {2}- the Auto Scaling group's target state\n\n/,
    );
    assert.match(
      text,
      /kubectl --namespace kube-system rollout status daemonset\/nth-aws-node-termination-handler\n/,
    );
    assert.doesNotMatch(text, /To look at/);
  });

  test('say which queue is read', async () => {
    assert.match(await notes(queueMode), /Queue mode: .*\n {2}https:\/\/sqs\.us-east-1.*\/queue\n/);
  });

  test('name values without effect', async () => {
    const text = await notes({
      queueURL: queueMode.queueURL,
      webhookURL: 'https://hooks.example',
      webhookURLSecretName: 'hook',
      podMonitor: { create: true },
      gracePeriod: 30,
      dryRun: true,
    });
    for (const hint of [
      'queueURL has no effect',
      'the Secret "hook" wins',
      'podMonitor.create has no effect',
      'gracePeriod is a value of old charts',
      'The probes are off',
    ]) {
      assert.ok(text.includes(hint), text);
    }
    assert.match(text, /Dry run/);
  });
});

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chart-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}
