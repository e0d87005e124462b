import { timestamp } from '../fakes/api-server/objects.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import type { NodeSeed } from '../fakes/api-server/seeds.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { FakeAws } from '../fakes/aws.ts';
import { FakeClock } from '../fakes/clock.ts';
import type { FakeInstance } from '../fakes/ec2/instance-xml.ts';
import type { FakeQueueOptions } from '../fakes/sqs/queue.ts';
import { startDaemonBy, type Given } from './running-daemon.ts';

/** For the AWS SDK's credential chain, which reads the environment by itself. */
process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE';
process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';

export const managedTag = 'aws-node-termination-handler/managed';

export interface QueueGiven extends Pick<Given, 'apiServer'> {
  readonly env?: Readonly<Record<string, string>>;
  readonly queue?: FakeQueueOptions;
  /** Fills the cluster and EC2 before the daemon starts. @default `node-1` with the instance `i-1`, and two pods */
  readonly scene?: (scene: Scene) => void;
}

export interface Scene {
  readonly api: FakeApiServer;
  readonly aws: FakeAws;
}

/** A node of the cluster, and its instance, which is managed. */
export function addMachine(
  { api, aws }: Scene,
  node: Pick<NodeSeed, 'name' | 'ready' | 'annotations'>,
  instance: FakeInstance,
): void {
  api.addNode({ ...node, providerId: `aws:///eu-central-1a/${instance.instanceId}` });
  aws.ec2.put({ tags: { [managedTag]: '' }, privateDnsName: node.name, ...instance });
}

/** The node's kubelet reports it as ready from now on, or is not heard of any more. */
export function setReady(api: FakeApiServer, name: string, status: 'True' | 'Unknown' = 'True'): void {
  const { clock, store } = api.cluster;
  const lastTransitionTime = timestamp(clock.now());
  store.update(nodes, {
    ...store.get(nodes, name),
    status: { conditions: [{ type: 'Ready', status, lastTransitionTime }] },
  });
}

export function usualScene(scene: Scene): void {
  addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
  scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 2_000 });
  scene.api.addPod({ name: 'db', node: 'node-1', owner: 'StatefulSet/db', shutdownMs: 5_000 });
}

/** Nodes may not be watched, as with NTH's rights: they are listed when a message asks for that. */
export function unwatchedScene(scene: Scene): void {
  const when = ({ verb, resource }: LoggedRequest): boolean => verb === 'watch' && resource === 'nodes';
  scene.api.faults.add({ kind: 'answer', code: 403 }, { when });
  usualScene(scene);
}

/** A pod that nobody may evict as long as its budget is there. */
export function heldScene(scene: Scene): void {
  addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
  scene.api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels: { app: 'held' } });
  scene.api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
}

/** The whole daemon in queue mode, over an AWS and an API server on loopback, in fake time. */
export async function startQueueDaemon({ env, queue, scene = usualScene, apiServer }: QueueGiven = {}) {
  await using parts = new AsyncDisposableStack();
  const clock = new FakeClock();
  const aws = parts.use(await FakeAws.start(queue ?? {}, { clock }));
  const daemon = parts.use(
    await startDaemonBy(clock, {
      ...(apiServer && { apiServer }),
      cluster: (api) => scene({ api, aws }),
      env: {
        ENABLE_SQS_TERMINATION_DRAINING: 'true',
        QUEUE_URL: aws.queueUrl,
        AWS_ENDPOINT: aws.url,
        AWS_REGION: 'eu-central-1',
        NODE_NAME: 'node-of-the-daemon',
        ...env,
      },
    }),
  );
  // The nodes are listed, and their tags are known.
  await clock.advanceUntil(() => aws.count('ReceiveMessage') > 0 && daemon.api.requests.length > 1);
  daemon.api.requests.splice(0);
  aws.requests.splice(0);
  const kept = parts.move();
  return {
    ...daemon,
    daemon,
    clock,
    aws,
    sqs: aws.sqs.queue,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
