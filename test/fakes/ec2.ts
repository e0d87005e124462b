import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { describeInstances, Ec2Error } from './ec2/describe-instances.ts';
import type { FakeInstance } from './ec2/instance-xml.ts';
import { Faults } from './faults.ts';
import { HttpListener, readBody, send, setDate, type Answer } from './http-listener.ts';

export interface Ec2Request {
  readonly at: number;
  readonly action: string;
  readonly parameters: URLSearchParams;
  /** Undefined until answered. */
  code: number | undefined;
}

/** EC2's query API on loopback, as far as instances are looked up. */
export class FakeEc2 {
  readonly instances = new Map<string, FakeInstance>();
  readonly requests: Ec2Request[] = [];
  readonly faults = new Faults<Ec2Request>();
  /** The caller has no rights. */
  denies = false;
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #stopping = new AbortController();

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#listener = new HttpListener(server, '127.0.0.1');
  }

  static async start(modules: { readonly clock: Clock }): Promise<FakeEc2> {
    const ec2 = new FakeEc2(modules);
    await ec2.#listener.listen();
    return ec2;
  }

  get url(): string {
    return `http://${this.#listener.host}:${this.#listener.port}`;
  }

  /** Adds it, or puts it in the place of the one of its id. */
  put(instance: FakeInstance): void {
    this.instances.set(instance.instanceId, instance);
  }

  /** The answer to a request, for a server that speaks for several services. */
  answer(request: Ec2Request): Answer {
    try {
      if (this.denies) throw denial(request.action);
      if (request.action !== 'DescribeInstances') {
        throw new Ec2Error(
          'InvalidAction',
          `The action ${request.action} is not valid for this web service.`,
        );
      }
      return { code: 200, body: describeInstances(this.instances, request.parameters), headers };
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error;
      return { code: error.statusCode, body: errorXml(error), headers };
    }
  }

  /** Connections are refused until `restart`. */
  async goAway(): Promise<void> {
    await this.#listener.close();
  }

  /** Back on the same port. */
  async restart(): Promise<void> {
    await this.#listener.listen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = new URLSearchParams(await readBody(request));
    const action = parameters.get('Action') ?? '';
    const entry: Ec2Request = { at: this.#clock.now(), action, parameters, code: undefined };
    this.requests.push(entry);
    const { delayMs, effect } = this.faults.take(entry);
    try {
      await this.#clock.sleep(delayMs, this.#stopping.signal);
    } catch {
      return;
    }
    if (effect?.kind === 'hang') return;
    if (effect?.kind === 'drop-before') return void request.socket.destroy();
    const answer = effect?.kind === 'answer' ? effect : this.answer(entry);
    if (effect?.kind === 'drop-after') return void request.socket.destroy();
    entry.code = answer.code;
    setDate(response, this.#clock, 0);
    send(response, answer, effect);
  }
}

const headers = { 'Content-Type': 'text/xml;charset=UTF-8' };

function denial(action: string): Ec2Error {
  const text = `You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/nth is not authorized to perform: ec2:${action}`;
  return new Ec2Error('UnauthorizedOperation', text, 403);
}

function errorXml({ code, message }: Ec2Error): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`;
}
