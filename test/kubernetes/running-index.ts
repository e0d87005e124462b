import { Health } from '../../src/health.ts';
import { NodeIndex } from '../../src/kubernetes/node-index.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { clientOverFake } from './client-over-fake.ts';

/** An index that follows the fake API server; its list may not have ended yet. */
export async function runningIndex(fill: (api: FakeApiServer) => void = () => {}) {
  const parts = await clientOverFake();
  const { api, clock } = parts;
  fill(api);
  const health = new Health(clock);
  const index = new NodeIndex({ ...parts, condition: health.condition('nodes') });
  const stop = new AbortController();
  const changes: string[] = [];
  index.onChange(({ type, node }) => {
    changes.push(`${type} ${node.name}`);
  });
  const ended = index.run(stop.signal);
  await clock.settle();
  return {
    ...parts,
    index,
    health,
    changes,
    requests: (verb: 'list' | 'watch') => api.requests.filter((request) => request.verb === verb),
    warned: () => parts.warnings().map(({ message }) => message),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stops'));
      await clock.advanceWhile(ended);
      await parts[Symbol.asyncDispose]();
    },
  };
}

export function instanceId(number: number): string {
  return `i-${number.toString(16).padStart(17, '0')}`;
}

/** A node whose instance has this number. */
export function addNode(api: FakeApiServer, number: number, ready = true): string {
  const name = `ip-10-0-0-${number}.ec2.internal`;
  api.addNode({ name, ready, providerId: `aws:///us-east-1a/${instanceId(number)}` });
  return name;
}
