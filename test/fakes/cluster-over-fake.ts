import { Api } from '../conformance/api.ts';
import { FakeApiServer, type FakeApiServerOptions } from './api-server.ts';
import { FakeClock } from './clock.ts';

/** A fake API server in fake time, with a client whose requests let the time pass. */
export async function startCluster(options: FakeApiServerOptions = {}) {
  const clock = new FakeClock();
  const server = await FakeApiServer.start(options, { clock });
  const pass = async <T>(promise: Promise<T>): Promise<T> => clock.advanceWhile(promise);
  const connect = (token: string = server.adminToken): Api => new Api({ ...target(server), pass }, token);
  const clients = [connect()];
  return {
    clock,
    server,
    admin: clients[0] as Api,
    /** Another client, which trusts the certificate of now. */
    connect: (token?: string) => {
      const client = connect(token);
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await server.stop();
    },
  };
}

function target({ url, ca, adminToken }: FakeApiServer) {
  return { url, ca, adminToken };
}
