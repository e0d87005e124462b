import type { NodeLocation } from '../../src/interruption/interruption.ts';
import type { Found } from '../../src/nodes/found.ts';
import { NodeFinder, type NodeFinderOptions } from '../../src/nodes/node-finder.ts';
import { TaggedInstances } from '../../src/nodes/tagged-instances.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { overFakeEc2 } from '../aws/over-fake-ec2.ts';
import { runningIndex } from '../kubernetes/running-index.ts';

export const tag = 'aws-node-termination-handler/managed';

/** The finder over the fake API server and the fake EC2; tags are read ahead where a test says so. */
export async function findingNodes(
  options: Partial<NodeFinderOptions> = {},
  fill: (api: FakeApiServer) => void = () => {},
) {
  const cluster = await runningIndex(fill);
  const { clock, index, metrics, logger } = cluster;
  const aws = await overFakeEc2(clock);
  const modules = { clock, index, metrics, logger, instances: aws.instances, random: () => 0.5 };
  const tagged = new TaggedInstances({ tag }, modules);
  const finder = new NodeFinder(
    { managedTag: tag, useProviderId: false, settlesNotFound: false, ...options },
    { ...modules, tagged },
  );
  const { signal } = new AbortController();
  const stop = new AbortController();
  let reading: Promise<void> = Promise.resolve();
  return {
    ...cluster,
    ...aws,
    finder,
    tagged,
    find: (where: NodeLocation | string): Promise<Found> =>
      clock.advanceWhile(finder.find(typeof where === 'string' ? { instanceId: where } : where, signal)),
    /** From now on. */
    readTags: async () => {
      reading = tagged.run(stop.signal);
      await clock.settle();
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stops'));
      await clock.advanceWhile(reading);
      await aws[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
