import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { HttpListener } from './http-listener.ts';

export interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a post is answered: with a status, never, or by whatever is done to the response. */
type Answer = number | 'hang' | ((response: ServerResponse) => void);

/** Who gets the webhook: keeps what is posted and answers as it is told, with 200 where nothing is. */
export class WebhookReceiver implements AsyncDisposable {
  readonly posts: Post[] = [];
  /** For the posts to come, one by one. */
  readonly answers: Answer[] = [];
  readonly #listener: HttpListener;

  private constructor() {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        this.posts.push({ path: request.url ?? '', headers: request.headers, body });
        const answer = this.answers.shift() ?? 200;
        if (typeof answer === 'function') answer(response);
        else if (answer !== 'hang') response.writeHead(answer).end('ok');
      });
    });
    this.#listener = new HttpListener(server, '127.0.0.1');
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await receiver.#listener.listen(0);
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}/services/T0/hunter2?token=hunter2`;
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.close();
  }
}
