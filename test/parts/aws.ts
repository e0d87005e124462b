import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { FakeAutoScaling } from '../fakes/auto-scaling.ts';
import { HttpListener, readBody, send } from '../fakes/http-listener.ts';
import { startMoto } from './moto.ts';

/** What moto lacks. */
const ownActions: ReadonlySet<string> = new Set([
  'CompleteLifecycleAction',
  'RecordLifecycleActionHeartbeat',
]);

export interface AwsParts {
  /** The endpoint of every AWS service at once. */
  readonly url: string;
  /** The hooks for which groups wait. */
  readonly autoScaling: FakeAutoScaling;
  /** The actions that were asked for, in their order. */
  readonly actions: readonly string[];
  /** Actions for which the caller has no right. */
  readonly denied: Set<string>;
  stop(): Promise<void>;
}

/** Moto, behind a front that records what is asked, answers for lifecycle hooks, and takes rights away. */
export async function startAws(modules: { readonly clock: Clock }): Promise<AwsParts> {
  const moto = await startMoto();
  const autoScaling = new FakeAutoScaling(modules);
  const actions: string[] = [];
  const denied = new Set<string>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const parameters = new URLSearchParams(body);
    const target = request.headers['x-amz-target'];
    const action = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : parameters.get('Action');
    if (action !== null) actions.push(action);
    if (denied.has(action ?? '')) {
      const __type = 'com.amazon.coral.service#AccessDeniedException';
      send(response, {
        code: 403,
        body: { __type, message: `User is not authorized to perform: ${action}` },
      });
    } else if (ownActions.has(action ?? '')) {
      send(response, autoScaling.answer(action ?? '', parameters));
    } else pass(moto.url, request, body, response);
  };
  const listener = new HttpListener(
    createServer((request, response) => void serve(request, response)),
    '127.0.0.1',
  );
  await listener.listen();
  return {
    url: `http://${listener.host}:${listener.port}`,
    autoScaling,
    actions,
    denied,
    async stop(): Promise<void> {
      await listener.close();
      await moto.stop();
    },
  };
}

function pass(url: string, request: IncomingMessage, body: string, response: ServerResponse): void {
  const { method, headers } = request;
  const passed = forward(new URL(request.url ?? '/', url), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  response.on('close', () => passed.destroy());
  passed.end(body);
}
