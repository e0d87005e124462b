/** What goes wrong with one request. */
export type Effect =
  /** Instead of the work: this answer. */
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The work starts only after so long. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** No work and no answer, the connection stays open. */
  | { readonly kind: 'hang' }
  /** The connection is destroyed before any work was done. */
  | { readonly kind: 'drop-before' }
  /** The work is done, but the connection is destroyed instead of an answer. */
  | { readonly kind: 'drop-after' }
  /** The work is done, but the connection is destroyed in the middle of the body. */
  | { readonly kind: 'truncate' };

export interface FaultScope<Request> {
  /** Which requests. @default all */
  readonly when?: (request: Request) => boolean;
  /** How many requests, then never again. @default Infinity */
  readonly times?: number;
}

interface Fault<Request> {
  readonly effect: Effect;
  readonly when: (request: Request) => boolean;
  timesLeft: number;
}

/** The trouble a test has scripted. Delays add up; of the other effects the one added first wins. */
export class Faults<Request> {
  readonly #faults = new Set<Fault<Request>>();

  /** @returns a function that ends the fault. */
  add(effect: Effect, scope: FaultScope<Request> = {}): () => void {
    const fault = { effect, when: scope.when ?? (() => true), timesLeft: scope.times ?? Infinity };
    this.#faults.add(fault);
    return () => {
      this.#faults.delete(fault);
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** The effects on this request, each counted as used. */
  take(request: Request): { delayMs: number; effect: Exclude<Effect, { kind: 'delay' }> | undefined } {
    let delayMs = 0;
    let chosen: Exclude<Effect, { kind: 'delay' }> | undefined;
    for (const fault of this.#faults) {
      if (fault.timesLeft <= 0 || !fault.when(request)) continue;
      if (fault.effect.kind === 'delay') delayMs += fault.effect.ms;
      else if (chosen === undefined) chosen = fault.effect;
      else continue;
      fault.timesLeft -= 1;
    }
    return { delayMs, effect: chosen };
  }
}
