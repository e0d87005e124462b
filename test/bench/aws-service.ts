import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly instanceId: string;
  /** Of its node. */
  readonly name: string;
}

export type AwsOrder =
  | { readonly type: 'machines'; readonly machines: readonly Machine[] }
  | { readonly type: 'interrupt'; readonly instanceIds: readonly string[] }
  | { readonly type: 'state' };

export interface AwsState {
  readonly atMs: number;
  /** Messages in the queue. */
  readonly left: number;
  /** When the last message of the last interruption was deleted. */
  readonly settledAtMs: number | undefined;
  /** Requests since the last interruption, by action; those with a filter as `<action> by <filter>`. */
  readonly calls: Readonly<Record<string, number>>;
}

interface Addresses {
  readonly url: string;
  readonly queueUrl: string;
}

/** SQS, EC2 and Auto Scaling for one daemon. */
export class AwsService {
  readonly url: string;
  readonly queueUrl: string;
  readonly #child: ChildProcess;

  private constructor({ url, queueUrl }: Addresses, child: ChildProcess) {
    this.url = url;
    this.queueUrl = queueUrl;
    this.#child = child;
  }

  static async start(): Promise<AwsService> {
    const child = fork(fileURLToPath(new URL('aws-process.ts', import.meta.url)), { execArgv: [] });
    const [addresses] = (await once(child, 'message')) as [Addresses];
    return new AwsService(addresses, child);
  }

  async order(order: AwsOrder): Promise<AwsState> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    const [state] = (await answer) as [AwsState];
    return state;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
