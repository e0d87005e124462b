import { createServer, type IncomingHttpHeaders } from 'node:http';
import { HttpListener, readBody, send } from './http-listener.ts';

/** One span as it came, with what tests look at. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for a trace's first span. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly isError: boolean;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** What comes over OTLP as JSON: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly name: string }[];
  readonly status: { readonly code?: number };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** How the receiver answers. */
type Mood = 'takes' | 'refuses' | 'hangs';

/** An OTLP receiver over HTTP that keeps what it is sent. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  mood: Mood = 'takes';
  readonly #listener: HttpListener;

  private constructor() {
    const server = createServer((request, response) => {
      void readBody(request).then((body) => {
        this.requests.push({ path: request.url ?? '', headers: request.headers });
        if (this.mood === 'hangs') return;
        if (this.mood === 'refuses') {
          send(response, { code: 400, body: { message: 'no' } });
          return;
        }
        this.spans.push(...spansOf(JSON.parse(body) as Request));
        send(response, { code: 200, body: {} });
      });
    });
    this.#listener = new HttpListener(server, '127.0.0.1');
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await receiver.#listener.listen();
    return receiver;
  }

  /** What OTEL_EXPORTER_OTLP_ENDPOINT is. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  named(name: string): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** Each span as `grandparent > parent > name`, in the order in which they began. */
  get tree(): readonly string[] {
    const byId = new Map(this.spans.map((span) => [span.spanId, span]));
    const pathOf = (span: ReceivedSpan): string => {
      const parent = byId.get(span.parentSpanId ?? '');
      return parent ? `${pathOf(parent)} > ${span.name}` : span.name;
    };
    return [...this.spans].sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs).map(pathOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
  }
}

function spansOf({ resourceSpans }: Request): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, valuesOf(resource.attributes)))),
  );
}

function spanOf(span: Span, resource: ReceivedSpan['resource']): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, attributes, events, status } = span;
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
    name,
    startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
    attributes: valuesOf(attributes),
    events: events.map((event) => event.name),
    isError: status.code === 2,
    resource,
  };
}

function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
