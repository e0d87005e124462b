import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, loaded, problemsOf } from './load-with.ts';

const usual = {
  response: 'drain',
  nodeGracePeriodMs: 120_000,
  escalation: 'evict-then-delete',
  leadMs: undefined,
};

describe('the configuration', () => {
  it("is NTH's by default", async () => {
    assert.deepEqual(await configOf({}), {
      mode: 'imds',
      nodeName: 'node-1',
      ownPod: undefined,
      dryRun: false,
      policy: {
        SPOT_ITN: usual,
        SCHEDULED_EVENT: usual,
        REBALANCE_RECOMMENDATION: { ...usual, response: 'ignore' },
        ASG_LIFECYCLE: { ...usual, response: 'ignore' },
        ASG_LAUNCH_LIFECYCLE: { ...usual, response: 'ignore' },
        STATE_CHANGE: { ...usual, response: 'ignore' },
      },
      unmarksSurvivors: true,
      imds: {
        baseUrl: 'http://169.254.169.254',
        tries: 3,
        monitors: {
          spotInterruption: true,
          scheduledEvent: true,
          rebalanceRecommendation: false,
          asgLifecycle: false,
        },
        pollIntervalMs: {
          spotInterruption: 1000,
          scheduledEvent: 10_000,
          rebalanceRecommendation: 2000,
          asgLifecycle: 1000,
        },
        uptimeFile: undefined,
      },
      drain: {
        ignoreDaemonSets: true,
        deleteLocalData: true,
        podGraceSeconds: undefined,
        marginSeconds: 5,
        honorsDoNotDisrupt: false,
        waitsForVolumeDetach: true,
        readsNamespaceAnnotations: false,
      },
      marks: {
        taintNode: false,
        taintEffect: 'NoSchedule',
        outOfServiceTaint: false,
        excludeFromLoadBalancers: false,
      },
      kubernetes: {
        kubeconfigPath: undefined,
        apiServer: undefined,
        requestRate: undefined,
        concurrency: 20,
        useApiServerCache: false,
      },
      queue: undefined,
      webhook: undefined,
      events: undefined,
      nodeConditions: false,
      logging: { level: 'info', json: false, formatVersion: 1 },
      http: { metricsPort: undefined, probesPort: undefined, livenessPath: '/healthz', statusPage: false },
      tracing: undefined,
      network: {
        httpProxyUrl: undefined,
        httpsProxyUrl: undefined,
        noProxy: [],
        caFile: undefined,
        awsCaFile: undefined,
        useFipsEndpoint: false,
        useDualStackEndpoint: false,
      },
    });
  });

  it('can not be changed', async () => {
    const config = await configOf({});
    assert.throws(() => Object.assign(config, { dryRun: true }), TypeError);
    assert.throws(() => Object.assign(config.imds.monitors, { asgLifecycle: true }), TypeError);
    assert.throws(() => Reflect.apply(Array.prototype.push, config.network.noProxy, ['a']), TypeError);
  });
});

describe('values that stand for none', () => {
  for (const [given, seconds] of [
    ['-1', undefined],
    ['-30', undefined],
    ['0', 0],
    ['+30', 30],
  ] as const) {
    it(`pod-termination-grace-period ${given}`, async () => {
      const { drain } = await configOf({ argv: [`--pod-termination-grace-period=${given}`] });
      assert.equal(drain.podGraceSeconds, seconds);
    });
  }

  it('node-termination-grace-period 0 is no limit', async () => {
    const { policy } = await configOf({ env: { NODE_TERMINATION_GRACE_PERIOD: '0' } });
    assert.equal(policy.SPOT_ITN.nodeGracePeriodMs, undefined);
  });

  it('metadata-tries 0 still tries once', async () => {
    assert.equal((await configOf({ env: { METADATA_TRIES: '0' } })).imds.tries, 1);
  });
});

describe('the rate of requests to the API server', () => {
  for (const [what, env, rate] of [
    ["is NTH's burst with a rate alone", { KUBE_API_QPS: '50' }, { perSecond: 50, burst: 10 }],
    ["is NTH's rate when that was set", { KUBE_API_QPS: '5' }, { perSecond: 5, burst: 10 }],
    ['is both', { KUBE_API_QPS: '50', KUBE_API_BURST: '70' }, { perSecond: 50, burst: 70 }],
    [
      'lets one request at a time through at least',
      { KUBE_API_QPS: '1', KUBE_API_BURST: '0' },
      { perSecond: 1, burst: 1 },
    ],
    ['is not limited at 0', { KUBE_API_QPS: '0' }, undefined],
    ['is not limited below 0', { KUBE_API_QPS: '-1' }, undefined],
  ] as const) {
    it(what, async () => {
      assert.deepEqual((await configOf({ env })).kubernetes.requestRate, rate);
    });
  }
});

describe('the API server', () => {
  for (const [env, apiServer] of [
    [
      { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' },
      { host: '10.0.0.1', port: '6443' },
    ],
    [{ KUBERNETES_SERVICE_HOST: 'fd00::1' }, { host: 'fd00::1', port: '443' }],
    [{ KUBERNETES_SERVICE_PORT: '443' }, undefined],
  ] as const) {
    it(`of ${JSON.stringify(env)}`, async () => {
      assert.deepEqual((await configOf({ env })).kubernetes.apiServer, apiServer);
    });
  }
});

it('takes the slashes off the end of the metadata URL', async () => {
  for (const [given, baseUrl] of [
    ['http://localhost:1338/', 'http://localhost:1338'],
    ['http://localhost:1338/imds//', 'http://localhost:1338/imds'],
    ['http://[fd00:ec2::254]', 'http://[fd00:ec2::254]'],
  ] as const) {
    assert.equal((await configOf({ argv: ['--metadata-url', given] })).imds.baseUrl, baseUrl);
  }
});

it('watches rebalance recommendations for draining as well as for monitoring', async () => {
  const monitor = await configOf({ argv: ['--enable-rebalance-monitoring'] });
  assert.equal(monitor.imds.monitors.rebalanceRecommendation, true);
  assert.equal(monitor.policy.REBALANCE_RECOMMENDATION.response, 'mark');
  const drain = await configOf({ argv: ['--enable-rebalance-draining'] });
  assert.equal(drain.imds.monitors.rebalanceRecommendation, true);
  assert.equal(drain.policy.REBALANCE_RECOMMENDATION.response, 'drain');
});

it("knows the daemon's own pod", async () => {
  const { ownPod } = await configOf({ env: { POD_NAME: 'nth-x', NAMESPACE: 'kube-system' } });
  assert.deepEqual(ownPod, { name: 'nth-x', namespace: 'kube-system' });
});

it('serves what is enabled, on the port that is asked for', async () => {
  const { http } = await configOf({
    argv: [
      '--enable-prometheus-server',
      '--enable-probes-server',
      '--probes-server-port=0',
      '--probes-server-endpoint=/alive',
    ],
  });
  assert.deepEqual(http, { metricsPort: 9092, probesPort: 0, livenessPath: '/alive', statusPage: false });
});

it('refuses to serve the probe where the metrics are', async () => {
  const argv = ['--enable-prometheus-server', '--enable-probes-server', '--probes-server-endpoint=/metrics'];
  assert.deepEqual(await problemsOf({ argv: [...argv, '--probes-server-port=9092'] }), [
    'Cannot set probes-server-endpoint to "/metrics" (flag --probes-server-endpoint): ' +
      'expected another path, since the metrics are there on the same port',
  ]);
  assert.equal((await configOf({ argv })).http.livenessPath, '/metrics');
});

it('serves the liveness probe where readiness would be, and says so', async () => {
  const { config, warnings } = await loaded({
    argv: ['--enable-probes-server', '--probes-server-endpoint=/readyz'],
  });
  assert.equal(config.http.livenessPath, '/readyz');
  assert.deepEqual(warnings, [
    'Serving no readiness probe: probes-server-endpoint "/readyz" is its path, and has the liveness probe',
  ]);
});

it('asks the metadata service by plain HTTP only', async () => {
  assert.deepEqual(await problemsOf({ argv: ['--metadata-url=https://169.254.169.254'] }), [
    'Cannot set metadata-url to "https://169.254.169.254" (flag --metadata-url): ' +
      'expected a URL that starts with http://, which is all that the metadata service speaks',
  ]);
});

it('reads proxies as people write them', async () => {
  for (const [given, url] of [
    ['proxy:3128', 'http://proxy:3128/'],
    ['http://proxy:3128', 'http://proxy:3128/'],
    ['https://user:pass@proxy', 'https://user:pass@proxy/'],
    ['tcp://10.0.0.1:3128', 'http://10.0.0.1:3128/'],
    ['user:pass@proxy:3128', 'http://user:pass@proxy:3128/'],
  ] as const) {
    assert.equal((await configOf({ env: { HTTP_PROXY: given } })).network.httpProxyUrl, url);
  }
  const { network } = await configOf({ env: { NO_PROXY: ' 10.0.0.0/8 , .cluster.local,,localhost' } });
  assert.deepEqual(network.noProxy, ['10.0.0.0/8', '.cluster.local', 'localhost']);
});

it('slices webhook and events where they are asked for', async () => {
  const config = await configOf({
    env: {
      WEBHOOK_URL: 'https://hooks/x',
      WEBHOOK_PROXY: 'tcp://proxy:1',
      WEBHOOK_TEMPLATE_FILE: '/config/t',
      EMIT_KUBERNETES_EVENTS: 'true',
      KUBERNETES_EVENTS_EXTRA_ANNOTATIONS: 'team=a, example.com/q=b=c,',
    },
  });
  assert.equal(config.webhook?.url, 'https://hooks/x');
  assert.equal(config.webhook.proxyUrl, 'http://proxy:1/');
  assert.deepEqual(config.webhook.headers, { 'Content-type': 'application/json' });
  assert.equal(config.webhook.templateFile, '/config/t');
  assert.deepEqual(config.webhook.moments, ['done', 'failed']);
  assert.equal(config.webhook.inDryRun, false);
  assert.deepEqual(config.events?.extraAnnotations, { team: 'a', 'example.com/q': 'b=c' });
});
