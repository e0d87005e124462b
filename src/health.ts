import type { Clock } from './clock.ts';

/** A loop that must go on stepping while the daemon is alive, however its work goes. */
export interface Loop {
  /** The loop went round once: also where a poll failed, for a failing loop is alive. */
  step(): void;
  /** The loop ended on purpose and is no longer watched. */
  end(): void;
}

/** A reason, kept up to date, why the daemon can or can't do its job right now. */
export interface Condition {
  ready(): void;
  notReady(reason: string): void;
}

interface WatchedLoop {
  readonly name: string;
  readonly limitMs: number;
  steppedAt: number;
}

/** No loop is called stuck before it has been silent for this long, however short its period. */
const shortestLimitMs = 60_000;

/**
 * What the probes answer. Liveness: every loop steps, so a restart would not help.
 * Readiness: what the daemon needs (metadata service, API server, ports) is there.
 */
export class Health {
  readonly #clock: Clock;
  readonly #loops = new Set<WatchedLoop>();
  readonly #conditions = new Map<string, string | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a loop: silent for the longer of 3 periods and 60 s, it counts as stuck. */
  loop(name: string, periodMs: number): Loop {
    const loop = { name, limitMs: Math.max(3 * periodMs, shortestLimitMs), steppedAt: this.#clock.now() };
    this.#loops.add(loop);
    return {
      step: () => {
        loop.steppedAt = this.#clock.now();
      },
      end: () => {
        this.#loops.delete(loop);
      },
    };
  }

  /** Not ready until it says so, where `reason` is given. */
  condition(name: string, reason?: string): Condition {
    this.#conditions.set(name, reason);
    return {
      ready: () => {
        this.#conditions.set(name, undefined);
      },
      notReady: (because) => {
        this.#conditions.set(name, because);
      },
    };
  }

  /** One line for each loop that is stuck; empty while the daemon is alive. */
  stuckLoops(): string[] {
    const now = this.#clock.now();
    return [...this.#loops]
      .filter((loop) => now - loop.steppedAt > loop.limitMs)
      .map((loop) => `${loop.name} made no step for ${Math.round((now - loop.steppedAt) / 1000)} s`);
  }

  /** One line for each thing that is missing; empty while the daemon is ready. */
  notReadyReasons(): string[] {
    return [...this.#conditions]
      .filter((entry): entry is [string, string] => entry[1] !== undefined)
      .map(([name, reason]) => `${name}: ${reason}`);
  }
}
