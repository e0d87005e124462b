import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace-base';

/** Ids of which one can be known before its trace begins: log lines of a workflow come before its first span. */
export class TraceIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: string | undefined;

  /** The next trace will have this id. */
  reserve(traceId: string): void {
    this.#next = traceId;
  }

  generateTraceId = (): string => {
    const traceId = this.#next ?? this.#random.generateTraceId();
    this.#next = undefined;
    return traceId;
  };

  generateSpanId = (): string => this.#random.generateSpanId();
}
