import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { autoScalingError, FakeAutoScaling } from '../fakes/auto-scaling.ts';
import { HttpListener, readBody, send, type Answer } from '../fakes/http-listener.ts';
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
  /** Actions for which nobody has the right. */
  readonly denied: Set<string>;
  /** Those for which somebody has no right, by his access key. */
  readonly deniedTo: Map<string, ReadonlySet<string>>;
  /** Of instances: how often the completion of their hooks fails for no fault of the caller's. */
  readonly failingHooks: Map<string, number>;
  /** When EC2 says that all instances were launched. @default when they were */
  launchTime: string | undefined;
  stop(): Promise<void>;
}

/** Moto, behind a front that records what is asked, answers for lifecycle hooks, and takes rights away. */
export async function startAws(modules: { readonly clock: Clock }): Promise<AwsParts> {
  const moto = await startMoto();
  const autoScaling = new FakeAutoScaling(modules);
  const actions: string[] = [];
  const denied = new Set<string>();
  const deniedTo = new Map<string, ReadonlySet<string>>();
  const failingHooks = new Map<string, number>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const parameters = new URLSearchParams(body);
    const target = request.headers['x-amz-target'];
    const action = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : parameters.get('Action');
    if (action !== null) actions.push(action);
    const failures = failingHooks.get(parameters.get('InstanceId') ?? '') ?? 0;
    const isDenied =
      denied.has(action ?? '') || deniedTo.get(accessKeyOf(request))?.has(action ?? '') === true;
    if (isDenied && ownActions.has(action ?? '')) {
      send(response, autoScalingError('AccessDenied', `User is not authorized to perform: ${action}`, 403));
    } else if (isDenied) {
      const __type = 'com.amazon.coral.service#AccessDeniedException';
      send(response, {
        code: 403,
        body: { __type, message: `User is not authorized to perform: ${action}` },
      });
    } else if (action === 'CompleteLifecycleAction' && failures > 0) {
      failingHooks.set(parameters.get('InstanceId') ?? '', failures - 1);
      send(response, autoScalingError('ServiceUnavailable', 'Try again.', 503));
    } else if (ownActions.has(action ?? '')) {
      send(response, autoScaling.answer(action ?? '', parameters));
    } else if (action === 'DescribeInstances' && parts.launchTime !== undefined) {
      send(response, await withLaunchTime(moto.url, request, body, parts.launchTime));
    } else pass(moto.url, request, body, response);
  };
  const listener = new HttpListener(
    createServer((request, response) => void serve(request, response)),
    '127.0.0.1',
  );
  await listener.listen();
  const parts: AwsParts = {
    url: `http://${listener.host}:${listener.port}`,
    autoScaling,
    actions,
    denied,
    deniedTo,
    failingHooks,
    launchTime: undefined,
    async stop(): Promise<void> {
      await listener.close();
      await moto.stop();
    },
  };
  return parts;
}

function accessKeyOf({ headers }: IncomingMessage): string {
  return /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
}

async function withLaunchTime(
  url: string,
  { headers }: IncomingMessage,
  body: string,
  launchTime: string,
): Promise<Answer> {
  const { authorization = '', 'content-type': type = '' } = headers;
  const answer = await fetch(url, { method: 'POST', headers: { authorization, 'content-type': type }, body });
  const text = await answer.text();
  return {
    code: answer.status,
    headers: { 'Content-Type': 'text/xml' },
    body: text.replaceAll(/<launchTime>[^<]*</g, `<launchTime>${launchTime}<`),
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
