import { FakeApiServer } from '../fakes/api-server.ts';
import type { Automation } from '../fakes/api-server/cluster.ts';
import { FakeClock } from '../fakes/clock.ts';
import type { Target } from './target.ts';

export async function startFakeTarget(automation: readonly Automation[]): Promise<Target> {
  const clock = new FakeClock();
  const server = await FakeApiServer.start({ automation }, { clock });
  return {
    url: server.url,
    ca: server.ca,
    adminToken: server.adminToken,
    pass: async (promise) => clock.advanceWhile(promise),
    sleep: async (ms) => clock.advance(ms),
    now: () => clock.now(),
    createNamespace: async (name) => server.cluster.seeding.namespace(name),
    grant: async (user, rules) => {
      const name = `system:serviceaccount:default:${user}`;
      server.access.grant(user, { name, rules });
      return { name, token: user };
    },
    denyEvictions: async (namespace, denial) => {
      const when = (request: { namespace: string | undefined; subresource: string | undefined }) =>
        request.namespace === namespace && request.subresource === 'eviction';
      server.admission.deny({ ...denial, when });
    },
    forgetPast: async () => {
      server.cluster.store.compact();
      server.lists.expireTokens();
    },
    stop: async () => server.stop(),
  };
}
