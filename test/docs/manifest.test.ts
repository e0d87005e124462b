import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { schema } from '../../src/config/schema.ts';
import { drainedText, nodeName, requestsOf, startDaemon, untilDrained } from '../daemon/running-daemon.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import type { AccessRule } from '../fakes/api-server/access.ts';
import { volumeAttachments } from '../fakes/api-server/resources.ts';
import { fences, readPage } from './pages.ts';

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string } };
}

interface Manifest {
  readonly kind: string;
  readonly rules?: readonly AccessRule[];
  readonly spec?: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
}

const page = await readPage('docs/run-without-helm.md');
const yaml = fences(page).find(({ language }) => language === 'yaml');
const manifests = parseAllDocuments(yaml?.code ?? '').map((document) => document.toJS() as Manifest);

function container(): Container {
  const [first] = manifests.find(({ kind }) => kind === 'DaemonSet')?.spec?.template.spec.containers ?? [];
  assert.ok(first);
  return first;
}

/** Pods for whose drain every right is of use. */
function podsOfEveryKind(api: FakeApiServer): void {
  api.addNode({ name: nodeName });
  api.addPod({ name: 'web-0', node: nodeName, owner: 'ReplicaSet/web' });
  api.addPod({ name: 'agent', node: nodeName, owner: 'DaemonSet/agent' });
  // Its successor has its name already, which the server says with 409.
  api.addPod({ name: 'db-0', node: nodeName, owner: 'StatefulSet/db', claims: ['data-db-0'] });
  api.faults.add(
    { kind: 'answer', code: 409, body: '{}' },
    { when: ({ subresource, name }) => subresource === 'eviction' && name === 'db-0', times: 1 },
  );
  // The only one of its kind, so that its budget never lets it go.
  api.addPod({ name: 'held', node: nodeName, owner: 'ReplicaSet/held', labels: { app: 'held' } });
  api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
}

it('lets the daemon drain a node with the rights of its ClusterRole and no more', async () => {
  const rules = manifests.find(({ kind }) => kind === 'ClusterRole')?.rules ?? [];
  const values = container().env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  await using daemon = await startDaemon({
    env: { ...Object.fromEntries(values), PROBES_SERVER_PORT: '0' },
    kubeconfig: (api) => {
      api.access.grant('of-the-manifest', { name: 'daemon', rules });
      return api.kubeconfig('of-the-manifest');
    },
    cluster: podsOfEveryKind,
  });
  const { api, clock, imds } = daemon;
  const { seeding, store } = api.cluster;
  const attachment = seeding.volumeAttachment('csi-1', nodeName, 'volume-1');
  const deadline = clock.now() + 120_000;
  imds.set('spot/instance-action', { action: 'terminate', time: new Date(deadline).toISOString() });
  const deletedAt = () => api.requests.find(({ verb }) => verb === 'delete')?.at;
  await clock.advanceUntil(() => deletedAt() !== undefined);
  assert.equal(
    deadline - Number(deletedAt()),
    36_000,
    '30 s of grace, a second for rounding, and the margin before the end',
  );
  await clock.advanceUntil(() => requestsOf(api, 'watch', 'volumeattachments').length > 0);
  assert.equal(daemon.said(drainedText).length, 0);
  store.remove(volumeAttachments, attachment);
  await untilDrained(daemon);

  assert.deepEqual(
    api.requests.filter(({ code }) => code === 403),
    [],
  );
  const used = new Set(
    api.requests
      .filter(({ resource }) => resource !== '')
      .map(({ verb, resource, subresource }) =>
        [verb, resource, subresource].filter((part) => part !== '').join(' '),
      ),
  );
  const granted = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource.replace('/', ' ')}`)),
  );
  assert.deepEqual([...used].sort(), granted.sort(), 'every right is used');
});

/** The rules of the manifest whose comment begins with "Needed". */
function neededRules(): readonly AccessRule[] {
  const items = (yaml?.code ?? '').matchAll(/# (Needed)?.*\n( {2}- apiGroups: .*\n.*\n.*\n)/g);
  const needed = [...items].filter(([, isNeeded]) => isNeeded !== undefined);
  return parse(needed.map(([, , item = '']) => item).join('')) as readonly AccessRule[];
}

it('can do without the rules that are not called needed, and says of each once what is lost', async () => {
  const rules = neededRules();
  assert.equal(rules.length, 3);
  await using daemon = await startDaemon({
    kubeconfig: (api) => {
      api.access.grant('needed', { name: 'daemon', rules });
      return api.kubeconfig('needed');
    },
    cluster: podsOfEveryKind,
  });
  const { api, clock, imds, log } = daemon;
  imds.interrupt();
  await clock.advance(180_000);
  assert.deepEqual(
    api.pods(nodeName).map(({ metadata }) => metadata.name),
    ['agent', 'held'],
  );
  assert.equal(api.node(nodeName).spec.unschedulable, true);
  const missing = log.flatMap(({ message }) => /^Not allowed to [a-z/ ]+/.exec(message) ?? []);
  assert.deepEqual(missing.sort(), [
    'Not allowed to delete pods',
    'Not allowed to list and watch poddisruptionbudgets',
    'Not allowed to patch pods/status',
    'Not allowed to watch pods',
  ]);
});

it('probes and scrapes where the daemon listens by default', () => {
  const { ports, livenessProbe } = container();
  assert.equal(livenessProbe.httpGet.path, schema['probes-server-endpoint'].default);
  assert.deepEqual(Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort])), {
    'liveness-probe': schema['probes-server-port'].default,
    'http-metrics': schema['prometheus-server-port'].default,
  });
});
