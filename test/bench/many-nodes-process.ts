// Drains the nodes of its command line at once, with the daemon's own parts behind a source that shows them all at
// SIGUSR2. Built and run as the daemon is: what a process that serves many nodes takes.
import { Admission } from '../../src/drain/admission.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { Intake } from '../../src/handling/intake.ts';
import { OwnNode } from '../../src/handling/own-node.ts';
import type { Delivery, Source } from '../../src/interruption/delivery.ts';
import { interruptionKinds } from '../../src/interruption/interruption.ts';
import type { KindPolicy, Policy } from '../../src/interruption/policy.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createLogger } from '../../src/logger.ts';
import { createMetrics } from '../../src/metrics.ts';
import { tuneForBursts } from '../../src/tune-for-bursts.ts';

const [serviceHost, servicePort, serviceAccountFolder = '', ...nodes] = process.argv.slice(2);
const noticeMs = 120_000;
/** The default of `kube-api-concurrency`. */
const concurrency = 40;
// As queue mode does.
tuneForBursts();

/** Lends one Spot notice for each node, and ends once all are given back. */
class ManyNotices implements Source {
  readonly name = 'many';
  readonly #shown: Promise<void>;
  readonly #givenBack = Promise.withResolvers<void>();
  #left = nodes.length;

  constructor(shown: Promise<void>) {
    this.#shown = shown;
  }

  async *deliveries(): AsyncGenerator<Delivery, void, undefined> {
    await this.#shown;
    for (const node of nodes) yield noticeFor(node);
    await this.#givenBack.promise;
  }

  settle(): Promise<void> {
    this.#left -= 1;
    if (this.#left === 0) this.#givenBack.resolve();
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.reject(new Error('Cannot drain a node'));
  }
}

function noticeFor(nodeName: string): Delivery {
  const seenAt = clock.now();
  return {
    type: 'interruption',
    source: 'many',
    handle: undefined,
    interruption: {
      kind: 'SPOT_ITN',
      action: 'terminate',
      id: `spot-itn-${nodeName}`,
      monitor: 'SQS_MONITOR',
      description: 'Spot ITN received\n',
      where: { nodeName },
      seenAt,
      startTime: seenAt + noticeMs,
      deadline: seenAt + noticeMs,
    },
  };
}

function createIntake(source: Source): Intake {
  const logger = createLogger({ json: false, level: 'info', formatVersion: 2 }, { clock, ...process });
  const metrics = createMetrics('bench');
  const shared = { clock, logger, log: logger, metrics };
  const credentials = new Credentials(
    {
      kubeconfigPath: undefined,
      serviceHost,
      servicePort,
      serviceAccountFolder,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
      multiplexes: true,
    },
    shared,
  );
  const lanes = new RequestLanes({ concurrency, qps: undefined, burst: undefined }, shared);
  const skew = new ClockSkew({ against: 'kubernetes' }, shared);
  const client = new ApiClient({ userAgent: 'bench' }, { ...shared, credentials, lanes, skew });
  const cluster = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: false,
      taintEffect: undefined,
      excludeFromLoadBalancers: false,
    },
    { ...shared, client },
  );
  const admission = new Admission({ mostDrains: concurrency, mostPods: 2 * concurrency }, shared);
  const policy = createPolicy();
  const ownNode = new OwnNode(
    { node: nodes[0] ?? '', policy, unmarksSurvivors: false },
    { ...shared, cluster, bootedAt: () => Promise.resolve(0), isShown: () => true },
  );
  return new Intake(
    {
      policy,
      dryRun: false,
      outOfServiceTaint: false,
      drain: {
        ignoreDaemonSets: true,
        deleteLocalData: true,
        self: { name: '', namespace: '' },
        podGracePeriodSeconds: undefined,
        marginMs: 5000,
        honoursDoNotDisrupt: false,
        waitsForVolumeDetach: true,
      },
    },
    // As queue mode has it.
    { ...shared, cluster, records: ownNode, sources: [source], admission },
  );
}

function createPolicy(): Policy {
  const drain: KindPolicy = {
    response: 'drain',
    nodeGracePeriodMs: noticeMs,
    escalation: 'evict-then-delete',
    leadMs: undefined,
  };
  return Object.fromEntries(interruptionKinds.map((kind) => [kind, drain])) as unknown as Policy;
}

const shown = new Promise<void>((resolve) => {
  process.once('SIGUSR2', () => resolve());
});
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort(new Error('SIGTERM')));
// It waits for a signal.
const alive = setInterval(() => {}, 60_000);
process.stdout.write('waits for SIGUSR2\n');
void createIntake(new ManyNotices(shown))
  .run(stopping.signal, new AbortController().signal)
  .finally(() => clearInterval(alive));
