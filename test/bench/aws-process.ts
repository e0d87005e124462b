// The fake AWS as a process of its own, so that the daemon's figures are the daemon's alone.
import { systemClock } from '../../src/clock.ts';
import { FakeAws, type AwsRequest } from '../fakes/aws.ts';
import { spotWarning } from '../sources/sqs/messages.ts';
import type { AwsOrder, AwsState } from './aws-service.ts';

const managedTag = 'aws-node-termination-handler/managed';
const lookMs = 20;

const aws = await FakeAws.start({}, { clock: systemClock });
let toSettle = 0;
let settledAtMs: number | undefined;

function carryOut(order: AwsOrder): AwsState {
  if (order.type === 'machines') {
    for (const { instanceId, name } of order.machines) {
      aws.ec2.put({ instanceId, privateDnsName: name, tags: { [managedTag]: '' } });
    }
  }
  if (order.type === 'interrupt') {
    aws.requests.splice(0);
    settledAtMs = undefined;
    toSettle = aws.sqs.queue.deleted.length + order.instanceIds.length;
    const time = new Date().toISOString();
    for (const instanceId of order.instanceIds) aws.sqs.queue.send(spotWarning(instanceId, time));
  }
  const calls: Record<string, number> = {};
  for (const request of aws.requests) {
    const call = callOf(request);
    calls[call] = (calls[call] ?? 0) + 1;
  }
  return { atMs: Date.now(), left: aws.sqs.queue.size, settledAtMs, calls };
}

/** One action of EC2 looks up instances by their ids, and sweeps over all that carry a tag. */
function callOf({ action, parameters }: AwsRequest): string {
  const filter = parameters.get('Filter.1.Name');
  return filter === null ? action : `${action} by ${filter}`;
}

setInterval(() => {
  if (settledAtMs === undefined && aws.sqs.queue.deleted.length >= toSettle) settledAtMs = Date.now();
}, lookMs);
process.on('message', (order: AwsOrder) => {
  process.send?.(carryOut(order));
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.({ url: aws.url, queueUrl: aws.queueUrl });
