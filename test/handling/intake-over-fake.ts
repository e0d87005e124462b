import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClockSkew } from '../../src/clock-skew.ts';
import type { Admission } from '../../src/drain/admission.ts';
import { Intake } from '../../src/handling/intake.ts';
import type { NodeWorkflowOptions } from '../../src/handling/node-workflow.ts';
import { OwnNode } from '../../src/handling/own-node.ts';
import type { WorkflowObserver } from '../../src/handling/workflow-observer.ts';
import type { Delivery, Outcome, Source } from '../../src/interruption/delivery.ts';
import type { Interruption } from '../../src/interruption/interruption.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { capturedLogger } from '../logger/captured-logger.ts';

/** A queue takes its time to delete a message. */
const givingBackMs = 300;

/** One lending, and each time that it was given back. */
export interface Lending {
  readonly interruption: Interruption;
  readonly lentAt: number;
  readonly ends: { readonly at: number; readonly end: Outcome | 'released' }[];
}

/** A source that keeps books, and lends what was released again 2 s later. */
export class BookkeepingSource implements Source {
  readonly name = 'books';
  readonly lendings: Lending[] = [];
  readonly #clock: FakeClock;
  readonly #queue: Interruption[] = [];
  #wake = Promise.withResolvers<void>();
  /** Called before an end is noted. */
  onEnd: (lending: Lending, end: Outcome | 'released') => void = () => {};

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  show(interruption: Interruption): void {
    this.#queue.push(interruption);
    this.#wake.resolve();
  }

  async *deliveries(intake: AbortSignal): AsyncGenerator<Delivery> {
    intake.addEventListener('abort', () => this.#wake.resolve());
    while (!intake.aborted) {
      const interruption = this.#queue.shift();
      if (interruption === undefined) {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
        continue;
      }
      const lending: Lending = { interruption, lentAt: this.#clock.now(), ends: [] };
      this.lendings.push(lending);
      yield { type: 'interruption', interruption, source: this.name, handle: lending };
    }
  }

  async settle({ handle }: { handle: unknown }, outcome: Outcome): Promise<void> {
    this.#end(handle as Lending, outcome);
    await this.#clock.sleep(givingBackMs);
  }

  async release({ handle }: { handle: unknown }): Promise<void> {
    const lending = handle as Lending;
    this.#end(lending, 'released');
    await this.#clock.sleep(givingBackMs);
    void this.#clock.sleep(2000).then(() => this.show(lending.interruption));
  }

  #end(lending: Lending, end: Outcome | 'released'): void {
    this.onEnd(lending, end);
    lending.ends.push({ at: this.#clock.now(), end });
  }
}

/** The intake and everything behind it, over a fake API server. */
export async function intakeOverFake(
  options: NodeWorkflowOptions,
  observers: readonly WorkflowObserver[] = [],
  createAdmission?: (modules: { readonly clock: FakeClock }) => Admission,
) {
  await using parts = new AsyncDisposableStack();
  const clock = new FakeClock();
  const api = parts.use(await FakeApiServer.start({}, { clock }));
  const folder = await mkdtemp(join(tmpdir(), 'nth-intake-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, api.kubeconfig());
  const { logger } = capturedLogger();
  const metrics = createMetrics('test');
  const shared = { clock, logger, metrics };
  const credentials = new Credentials(
    {
      kubeconfigPath,
      serviceHost: undefined,
      servicePort: undefined,
      serviceAccountFolder: folder,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
    },
    shared,
  );
  parts.defer(() => credentials.close());
  const lanes = new RequestLanes({ concurrency: 20, qps: undefined, burst: undefined }, shared);
  const skew = new ClockSkew({ against: 'kubernetes' }, { log: logger, metrics });
  const client = new ApiClient({ userAgent: 'test' }, { ...shared, credentials, lanes, skew });
  const cluster = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: false,
      taintEffect: 'NoSchedule',
      excludeFromLoadBalancers: false,
    },
    { ...shared, client },
  );
  const source = new BookkeepingSource(clock);
  const ownNode = new OwnNode(
    { node: 'node-1', policy: options.policy, unmarksSurvivors: false },
    { ...shared, cluster, bootedAt: () => Promise.resolve(0), isShown: () => true },
  );
  const admission = createAdmission?.({ clock });
  const intake = new Intake(options, {
    ...shared,
    cluster,
    records: ownNode,
    sources: [source],
    observers,
    ...(admission && { admission }),
  });
  const kept = parts.move();
  return {
    clock,
    api,
    source,
    intake,
    metrics,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
