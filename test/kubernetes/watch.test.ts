import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClockSkew } from '../../src/clock-skew.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeClock } from '../fakes/clock.ts';
import { capturedLogger } from '../logger/captured-logger.ts';

/** A client, and a server whose every answer is in the hands of the test. */
async function watching() {
  const clock = new FakeClock();
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => responses.push(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'nth-watch-'));
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfigPath,
    JSON.stringify({
      clusters: [{ name: 'fake', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'fake', user: {} }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
      'current-context': 'fake',
    }),
  );
  const options = { serviceHost: undefined, servicePort: undefined, serviceAccountFolder: folder };
  const credentials = new Credentials(
    { ...options, kubeconfigPath, proxyFor: () => undefined, certificateAuthorities: undefined },
    { clock },
  );
  const metrics = createMetrics('test');
  const lanes = new RequestLanes({ concurrency: 5, qps: undefined, burst: undefined }, { clock });
  const skew = new ClockSkew({ against: 'test' }, { log: capturedLogger().logger, metrics });
  const client = new ApiClient({ userAgent: 'test' }, { clock, credentials, lanes, metrics, skew });
  const stop = new AbortController();
  const request = {
    verb: 'watch',
    resource: 'pods',
    path: '/watch',
    urgency: 1,
    signal: stop.signal,
  } as const;
  const events: unknown[] = [];
  const ended = (async () => {
    for await (const event of client.watch(request, 30)) events.push(event);
  })();
  ended.catch(() => {});
  await clock.settle();
  const [response = assert.fail('no watch was opened')] = responses;
  response.writeHead(200).flushHeaders();
  return {
    clock,
    response,
    events,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      stop.abort();
      credentials.close();
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}

test('events arrive whole, however their bytes are cut', async () => {
  await using watch = await watching();
  const bytes = Buffer.from('{"type":"ADDED","object":{"name":"grün"}}\n{"type":"BOOKMARK"}\n\n{"type":"cut');
  for (const byte of bytes) {
    watch.response.write(Buffer.of(byte));
    await watch.clock.settle();
  }
  watch.response.end();
  await watch.ended;
  assert.deepEqual(watch.events, [{ type: 'ADDED', object: { name: 'grün' } }, { type: 'BOOKMARK' }]);
});

test('a watch that is silent for 5 s longer than it may last is dead', async () => {
  await using watch = await watching();
  await watch.clock.advance(20_000);
  watch.response.write('{"type":"BOOKMARK"}\n');
  await watch.clock.advance(34_999);
  assert.equal(watch.response.destroyed, false);
  await watch.clock.advance(1);
  await assert.rejects(watch.ended, /Cannot watch pods: no answer within 35 s/);
  await watch.clock.settle();
  assert.equal(watch.response.destroyed, true, 'its connection is closed');
});

test('a watch ends with its signal, and leaves neither timer nor connection', async () => {
  await using watch = await watching();
  watch.stop.abort(new Error('the drain has ended'));
  await assert.rejects(watch.ended, /the drain has ended/);
  await watch.clock.settle();
  assert.equal(watch.response.destroyed, true);
  assert.equal(watch.clock.pendingSleeps, 0);
});
