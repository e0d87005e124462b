import { loadConfig } from '../../src/config/load.ts';
import type { NodeWorkflowOptions } from '../../src/handling/node-workflow.ts';
import { Health } from '../../src/health.ts';
import { HttpServer } from '../../src/http/server.ts';
import { statusEndpoints } from '../../src/http/status/endpoints.ts';
import type { Interruption } from '../../src/interruption/interruption.ts';
import { StatusBoard } from '../../src/status/board.ts';
import { Status } from '../../src/status/status.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { drainsEverything } from '../handling/drains-everything.ts';
import { intakeOverFake } from '../handling/intake-over-fake.ts';
import { asgTermination, spot } from '../interruption/interruptions.ts';
import { capturedLogger } from '../logger/captured-logger.ts';

const domain = 'eu-central-1.compute.internal';
const blockedNode = `ip-10-0-12-47.${domain}`;
const busyNode = `ip-10-0-31-8.${domain}`;
const calmNode = `ip-10-0-7-201.${domain}`;
const unluckyNode = `ip-10-0-19-112.${domain}`;

const options: NodeWorkflowOptions = {
  ...drainsEverything,
  policy: {
    SPOT_ITN: answeredBy(120_000),
    SCHEDULED_EVENT: answeredBy(undefined),
    REBALANCE_RECOMMENDATION: { ...answeredBy(undefined), response: 'mark' },
    ASG_LIFECYCLE: answeredBy(300_000),
    ASG_LAUNCH_LIFECYCLE: { ...answeredBy(undefined), response: 'ignore' },
    STATE_CHANGE: answeredBy(undefined),
  },
};

function answeredBy(nodeGracePeriodMs: number | undefined) {
  return {
    response: 'drain',
    nodeGracePeriodMs,
    escalation: 'evict-then-delete',
    leadMs: undefined,
  } as const;
}

/** The environment of a Deployment in queue mode, for the list of options. */
const environment = {
  NODE_NAME: calmNode,
  ENABLE_SQS_TERMINATION_DRAINING: 'true',
  QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/node-termination',
  ENABLE_PROBES_SERVER: 'true',
  ENABLE_PROMETHEUS_SERVER: 'true',
  WEBHOOK_URL: 'https://hooks.example.com/services/T000/B000/secret',
  TAINT_NODE: 'true',
  WORKERS: '25',
};

export type Scene = Awaited<ReturnType<typeof startScene>>;

/**
 * The status page over the whole of the handling and a fake cluster, on a clock of its own: the same pictures each
 * time, whatever the machine does meanwhile.
 */
export async function startScene() {
  await using parts = new AsyncDisposableStack();
  const board = new StatusBoard();
  const { clock, api, source, intake, metrics } = parts.use(await intakeOverFake(options, [board]));
  const { logger, stderr } = capturedLogger();
  const health = new Health(clock);
  const shared = { clock, logger, metrics, health };
  const daemon = { version: '0.1.0', mode: 'queue', node: calmNode, dryRun: false } as const;
  const status = new Status({ daemon, config: await configEntries() }, { ...shared, board });
  const http = new HttpServer(
    { metricsPort: undefined, probesPort: 0, probesPath: '/healthz' },
    { ...shared, besideProbes: statusEndpoints({ ...shared, read: () => status.read() }) },
  );
  await http.start();
  parts.defer(() => http.stop());
  fill(api);

  const stopping = new AbortController();
  const running = intake.run(stopping.signal, stopping.signal);
  parts.defer(async () => {
    stopping.abort(new Error('the scene has ended'));
    await clock.advanceWhile(running).catch(() => {});
  });
  const answered = (): void => {
    metrics.sourceLastSuccess.set({ source: 'sqs' }, clock.now() / 1000);
  };
  answered();
  const kept = parts.move();
  return {
    url: `http://127.0.0.1:${http.probesPort}/status`,
    clock,
    api,
    health,
    status,
    /** What the log has at warn and above. */
    complaints: stderr,
    /** Of the nodes, up to the first dot. */
    names: { busy: 'ip-10-0-31-8', calm: 'ip-10-0-7-201', unlucky: 'ip-10-0-19-112' },
    interrupt: (interruption: Interruption) => source.show(interruption),
    /** The source goes on answering while time passes. */
    async advance(ms: number) {
      await clock.advance(ms);
      answered();
    },
    stopServer: () => http.stop(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function configEntries() {
  const loaded = await loadConfig([], environment, () => Promise.reject(new Error('no file')));
  if (loaded.type !== 'config') throw new Error(`Cannot load the scene's options: ${JSON.stringify(loaded)}`);
  return Object.entries(loaded.effective).map(([name, value]) => ({
    name,
    value,
    isSet: loaded.changed.includes(name),
  }));
}

/** What is shown of each node. */
function fill(api: FakeApiServer): void {
  for (const name of [blockedNode, busyNode, calmNode, unluckyNode]) {
    api.addNode({ name });
    for (const agent of ['aws-node', 'kube-proxy', 'ebs-csi-node']) {
      api.addPod({
        name: `${agent}-${name.slice(6, 11).replaceAll('.', '')}`,
        namespace: 'kube-system',
        node: name,
        owner: `DaemonSet/${agent}`,
      });
    }
  }
  const add = (
    node: string,
    namespace: string,
    owner: string,
    names: readonly string[],
    shutdownMs: number,
    graceSeconds = 30,
  ): void => {
    const app = owner.split('/')[1] ?? '';
    for (const [index, suffix] of names.entries()) {
      api.addPod({
        name: `${app}-${suffix}`,
        namespace,
        node,
        owner,
        labels: { app },
        graceSeconds,
        shutdownMs: shutdownMs + index * 1300,
      });
    }
  };
  add(blockedNode, 'shop', 'ReplicaSet/cart-5d9c7b8f6d', ['4kxz9', 'b7w2m', 'qq8vt'], 4000);
  add(blockedNode, 'shop', 'ReplicaSet/checkout-7c44d9', ['2mzlp', 'x8h4r', 'zz9kq', 'p4s7d'], 9000, 45);
  add(blockedNode, 'search', 'StatefulSet/index', ['0', '1'], 21_000, 60);
  add(blockedNode, 'web', 'ReplicaSet/front-6fbd8c', ['c2k9x', 'j5t8n', 'm3v7q', 'r6w4z', 't9y2b'], 2000);
  api.addBudget({
    name: 'cart',
    namespace: 'shop',
    matchLabels: { app: 'cart-5d9c7b8f6d' },
    minAvailable: 3,
  });
  add(busyNode, 'batch', 'Job/report-28491', ['8vx2k'], 19_000, 90);
  add(busyNode, 'data', 'StatefulSet/kafka', ['2'], 40_000, 90);
  add(busyNode, 'web', 'ReplicaSet/front-6fbd8c', ['a8d3f', 'g7h2j', 'k4l9s'], 5000);
  add(busyNode, 'api', 'ReplicaSet/gateway-84c6f', ['b5n8m', 'v3c7x', 'w2q6r', 'y9t4e'], 9000);
  add(calmNode, 'web', 'ReplicaSet/front-6fbd8c', ['d1f6g', 'h9j4k'], 1500);
  add(calmNode, 'tools', 'ReplicaSet/grafana-9b7d', ['s8d5f'], 21_000);
  add(unluckyNode, 'web', 'ReplicaSet/front-6fbd8c', ['q1w5e', 'r7t2y'], 1500);
  api.addPod({
    name: 'legacy-0',
    namespace: 'billing',
    node: unluckyNode,
    owner: 'StatefulSet/legacy',
    graceSeconds: 600,
    shutdownMs: 900_000,
  });
  api.addPod({
    name: 'mailer-77d5f-kq2wx',
    namespace: 'billing',
    node: unluckyNode,
    owner: 'ReplicaSet/mailer-77d5f',
    finalizers: ['example.com/archive'],
    shutdownMs: 2000,
  });
}

function seen(node: string, at: number, secondsBefore: number) {
  return {
    where: { nodeName: node },
    monitor: 'SQS_MONITOR' as const,
    seenAt: at,
    startTime: at - secondsBefore * 1000,
  };
}

/** Three drains on their way, one of them held up by a budget, after another day's failure. */
export async function threeDrains(scene: Scene): Promise<void> {
  const { clock, interrupt } = scene;
  const before = clock.now();
  interrupt(
    spot({
      ...seen(unluckyNode, before, 2),
      id: 'spot-itn-event-3137323132',
      description: 'Spot Interruption event received. Instance i-0c1e2 will be interrupted\n',
      deadline: before + 120_000,
    }),
  );
  await scene.advance(130_000);
  await scene.advance(1_100_000);
  const now = clock.now();
  interrupt(
    asgTermination({
      ...seen(busyNode, now, 1),
      id: 'asg-lifecycle-term-62316464',
      description: 'ASG Lifecycle Termination event received. Instance will be interrupted\n',
    }),
  );
  interrupt(
    asgTermination({
      ...seen(calmNode, now, 1),
      id: 'asg-lifecycle-term-39643730',
      description: 'ASG Lifecycle Termination event received. Instance will be interrupted\n',
    }),
  );
  await scene.advance(2000);
  interrupt(
    spot({
      ...seen(blockedNode, clock.now(), 1),
      id: 'spot-itn-event-61613534',
      description: 'Spot Interruption event received. Instance i-0a54f will be interrupted\n',
      deadline: clock.now() + 119_000,
    }),
  );
  await scene.advance(7000);
}

/** Until all of them are over, and a while longer. */
export async function untilOver(scene: Scene): Promise<void> {
  await scene.advance(130_000);
  await scene.advance(240_000);
}
