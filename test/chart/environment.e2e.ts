import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { loadConfig, type LoadResult } from '../../src/config/load.ts';
import { type OptionName, optionNames, schema } from '../../src/config/schema.ts';
import { chartEnvironment } from '../bench/chart-environment.ts';
import { neededRights, rightsToTell } from '../e2e/service-account.ts';
import { chartFolder, renderText, render, type Manifest, type Values } from './helm.ts';
import { queueMode } from './modes.ts';
import { grantedRights } from './used-rights.ts';
import { containerOf, only, workloadOf, type ClusterRole } from './workload.ts';

interface Names {
  /** The value that sets an option; "chart" where the templates do, nothing where `config` is the place. */
  readonly options: Readonly<Record<string, string>>;
}

const { options: settings } = parse(readFileSync(`${chartFolder}/files/names.yaml`, 'utf8')) as Names;

/** Names of one mode only. */
const queueOnly =
  /^(queue-url|aws-|workers|use-provider-id|check-|managed-|complete-|delete-sqs|heartbeat-|sqs-)/;
const imdsOnly = /^(metadata-|enable-(spot|scheduled|rebalance|asg)|uptime-from-file)/;
/** Theirs has the last word. */
const deprecated = new Set(optionNames.filter((name) => schema[name].replacedBy !== undefined));

/** A value that is not the default and can be used, as people write it into values files. */
function another(name: OptionName): unknown {
  const samples: Partial<Record<OptionName, unknown>> = {
    'aws-region': 'eu-west-1',
    'queue-url': 'https://sqs.eu-west-1.amazonaws.com/111122223333/other',
    'heartbeat-interval': 60,
    'heartbeat-until': 600,
    'kubernetes-events-extra-annotations': 'a=b,c=d',
    'webhook-headers': '{"X-Team":"a"}',
    'interruption-policy': { SPOT_ITN: { response: 'drain' } },
    'log-format-version': 2,
    'uptime-from-file': '/other',
    'kubernetes-service-port': '6443',
    'taint-effect': 'NoExecute',
  };
  if (name in samples) return samples[name];
  const { format, choices, default: usual, min } = schema[name];
  if (format === 'go-bool') return usual !== true;
  if (format === 'integer' || format === 'port') {
    return Number(usual) < 1 ? Math.max(min ?? 1, 1) : Number(usual) + 1;
  }
  if (choices !== undefined) return choices.find((choice) => choice !== usual);
  if (format === 'log-level') return 'debug';
  if (format === 'http-url' || format === 'proxy-url') return 'http://other.example:8080';
  return format === 'url-path' ? '/other' : `other-${name}`;
}

/** Puts `value` where a dotted name of a value says. */
function set(values: Record<string, unknown>, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) values[first] = value;
  else {
    const inner = (values[first] ?? {}) as Record<string, unknown>;
    values[first] = inner;
    set(inner, rest.join('.'), value);
  }
}

/** Every option of a mode set to something else, by its value or in `config`. */
function everyOption(others: RegExp): { values: Values; options: readonly OptionName[] } {
  const values: Record<string, unknown> = { config: {} };
  const options = optionNames.filter((name) => {
    const setting = settings[name];
    const isElsewhere =
      setting === undefined || setting === 'chart' || setting === 'enableSqsTerminationDraining';
    return !isElsewhere && !others.test(name) && !deprecated.has(name);
  });
  for (const name of options)
    set(values, settings[name] === '' ? `config.${name}` : (settings[name] ?? ''), another(name));
  return { values: { ...values, webhookTemplateConfigMapName: 'templates' }, options };
}

/** Such as is named by the option. */
const kubeconfig = JSON.stringify({
  'current-context': 'here',
  contexts: [{ name: 'here', context: { cluster: 'here' } }],
  clusters: [{ name: 'here', cluster: { server: 'https://10.0.0.1' } }],
});

/** Starts the daemon's loader as the pod would. */
async function load(manifests: readonly Manifest[]): Promise<Extract<LoadResult, { type: 'config' }>> {
  const { env } = containerOf(workloadOf(manifests));
  const variables = Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [name, value ?? fieldOf(valueFrom?.fieldRef?.fieldPath)]),
  );
  const result = await loadConfig([], variables, async (path) => {
    if (path === another('kubeconfig')) return kubeconfig;
    assert.equal(path, '/etc/node-termination-handler/config.json');
    const { data } = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as {
      readonly data: Readonly<Record<string, string>>;
    };
    return data['config.json'] ?? '';
  });
  assert.equal(result.type, 'config', JSON.stringify(result, undefined, 1));
  return result;
}

function fieldOf(path = ''): string {
  return path.replace('spec.nodeName', 'node-1').replace('metadata.', 'the-pods-');
}

function expected(name: OptionName, value: unknown): unknown {
  const { sensitive, format } = schema[name];
  if (name === 'webhook-template-file') return `/config/${String(value)}`;
  if (sensitive === true && format !== 'proxy-url') return '(redacted)';
  if (format === 'http-url' || format === 'proxy-url') return new URL(String(value)).href.replace(/\/$/, '');
  if (name === 'kubernetes-events-extra-annotations') return { a: 'b', c: 'd' };
  return value;
}

suite("the rendered environment, read by the daemon's own loader", { concurrency: 2 }, () => {
  const modes = { 'IMDS mode': [{}, queueOnly], 'queue mode': [queueMode, imdsOnly] } as const;
  for (const [mode, [base, others]] of Object.entries(modes)) {
    test(`has every option of ${mode} that a value or config sets`, async () => {
      const { values, options } = everyOption(others);
      const { effective } = await load(await render({ ...base, ...values }));
      const read = Object.fromEntries(
        options.map((name) => {
          const value = effective[name];
          if (Array.isArray(value)) return [name, value.join()];
          return [name, typeof value === 'string' ? value.replace(/\/$/, '') : value];
        }),
      );
      // A file wins over a template.
      const wanted = options.map((name) => [
        name,
        name === 'webhook-template' ? schema[name].default : expected(name, another(name)),
      ]);
      assert.ok(options.length > 40);
      assert.deepEqual(read, Object.fromEntries(wanted));
    });

    test(`has the daemon's defaults in ${mode}, but for those in which NTH's chart differs`, async () => {
      const { effective, warnings, config } = await load(await render(base));
      assert.deepEqual(warnings, []);
      assert.equal(config.nodeName, 'node-1');
      assert.deepEqual(config.ownPod, { name: 'the-pods-name', namespace: 'the-pods-namespace' });
      const set = new Set([
        'node-name',
        'pod-name',
        'pod-namespace',
        'enable-sqs-termination-draining',
        'queue-url',
      ]);
      const differing = optionNames.filter((name) => {
        const { only, effectiveOnlyWhenSet, default: usual } = schema[name];
        const isUsual = JSON.stringify(effective[name] ?? usual) === JSON.stringify(usual);
        return (
          only !== 'flag' &&
          effectiveOnlyWhenSet !== true &&
          !isUsual &&
          !set.has(name) &&
          typeof usual !== 'string'
        );
      });
      const ofMode = mode === 'IMDS mode' ? ['enable-asg-lifecycle-draining'] : ['enable-probes-server'];
      assert.deepEqual(differing.sort(), [...ofMode, 'node-conditions'].sort());
    });

    test(`takes every option as a variable of extraEnv in ${mode}`, async () => {
      const options = optionNames.filter(
        (name) =>
          schema[name].env !== undefined &&
          schema[name].only === undefined &&
          !others.test(name) &&
          name !== 'enable-sqs-termination-draining',
      );
      const extraEnv = options.map((name) => {
        const value = another(name);
        return {
          name: schema[name].env,
          value: typeof value === 'string' ? value : JSON.stringify(value),
        };
      });
      const { effective } = await load(await render({ ...base, extraEnv }));
      const unread = options.filter((name) => {
        const { default: usual } = schema[name];
        return JSON.stringify(effective[name] ?? usual) === JSON.stringify(usual);
      });
      assert.deepEqual(unread, []);
    });
  }

  test("is NTH's where a values file of NTH is rendered: no variable that the daemon does not know", async () => {
    const known = new Set(optionNames.flatMap((name) => schema[name].env ?? []));
    for (const base of [{}, queueMode]) {
      const { env } = containerOf(workloadOf(await render(base)));
      assert.deepEqual(
        env.filter(({ name }) => !known.has(name)),
        [],
      );
    }
  });

  test('comes with a checksum of config, so that a change replaces the pods', async () => {
    const checksum = async (config: Values): Promise<string | undefined> =>
      /checksum\/config: (\w+)/.exec(await renderText({ config }))?.[1];
    const [first, again, other] = await Promise.all([
      checksum({ 'drain-margin-seconds': 5 }),
      checksum({ 'drain-margin-seconds': 5 }),
      checksum({ 'drain-margin-seconds': 6 }),
    ]);
    assert.ok(first !== undefined && other !== undefined);
    assert.equal(first, again);
    assert.notEqual(first, other);
  });

  test('is what the benchmarks run the daemon with', async () => {
    const ports = { probes: 8080, metrics: 9092 };
    const values = {
      enableProbesServer: true,
      enablePrometheusServer: true,
      instanceMetadataURL: 'http://127.0.0.1:1338',
    };
    const { env } = containerOf(workloadOf(await render(values)));
    const theirs = chartEnvironment({
      node: 'node',
      metadataUrl: values.instanceMetadataURL,
      apiServer: new URL('https://127.0.0.1:6443'),
      ports,
    });
    const rendered = Object.fromEntries(env.map(({ name, value }) => [name, value ?? theirs[name]]));
    const setByKubernetes = Object.entries(theirs).filter(([name]) => name.startsWith('KUBERNETES_SERVICE_'));
    assert.deepEqual({ ...rendered, ...Object.fromEntries(setByKubernetes) }, theirs);
  });
});

test("the rights of the end-to-end tests are the chart's", async () => {
  const role = only(await render({ emitKubernetesEvents: true }), 'ClusterRole') as ClusterRole;
  const theirs = { ...role, rules: [...neededRights, ...rightsToTell] };
  // Which is of use after a conflict only.
  assert.deepEqual(
    grantedRights(role).filter((right) => right !== 'get pods'),
    grantedRights(theirs),
  );
});
