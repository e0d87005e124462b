import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import type { Target } from './target.ts';

/** The fake, with nobody behind it who acts by himself. */
export async function startFakeTarget(): Promise<Target> {
  const clock = new FakeClock();
  const server = await FakeApiServer.start({ automation: false }, { clock });
  return {
    url: server.url,
    ca: server.ca,
    adminToken: server.adminToken,
    pass: async (promise) => clock.advanceWhile(promise),
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
    forgetPast: async () => server.cluster.store.compact(),
    stop: async () => server.stop(),
  };
}
