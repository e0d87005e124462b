import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { schema } from '../../src/config/schema.ts';
import type { AccessRule } from '../fakes/api-server/access.ts';
import { nodeName, startDaemon, untilDrained } from '../daemon/running-daemon.ts';
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

it('lets the daemon drain a node with the rights of its ClusterRole and no more', async () => {
  const rules = manifests.find(({ kind }) => kind === 'ClusterRole')?.rules ?? [];
  const values = container().env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  await using daemon = await startDaemon({
    env: { ...Object.fromEntries(values), PROBES_SERVER_PORT: '0' },
    kubeconfig: (api) => {
      api.access.grant('of-the-manifest', { name: 'daemon', rules });
      return api.kubeconfig('of-the-manifest');
    },
    cluster: (api) => {
      api.addNode({ name: nodeName });
      api.addPod({ name: 'web-0', node: nodeName, owner: 'ReplicaSet/web' });
      api.addPod({ name: 'agent', node: nodeName, owner: 'DaemonSet/agent' });
      // Its successor has its name already, which the server says with 409.
      api.addPod({ name: 'db-0', node: nodeName, owner: 'StatefulSet/db' });
    },
  });
  const { api, imds, clock } = daemon;
  api.faults.add(
    { kind: 'answer', code: 409, body: '{}' },
    { when: ({ subresource, name }) => subresource === 'eviction' && name === 'db-0', times: 1 },
  );
  imds.set('spot/instance-action', {
    action: 'terminate',
    time: new Date(clock.now() + 120_000).toISOString(),
  });
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

it('probes and scrapes where the daemon listens by default', () => {
  const { ports, livenessProbe } = container();
  assert.equal(livenessProbe.httpGet.path, schema['probes-server-endpoint'].default);
  assert.deepEqual(Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort])), {
    'liveness-probe': schema['probes-server-port'].default,
    'http-metrics': schema['prometheus-server-port'].default,
  });
});
