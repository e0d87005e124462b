import type { Clock } from '../clock.ts';
import type { DrainGoal } from '../drain/drain-node.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import { decide, strongest, type Decision, type Policy } from '../interruption/policy.ts';
import type { Marks } from '../kubernetes/cluster.ts';

export interface MandateOptions {
  readonly policy: Policy;
  /** How long one drain may take; undefined = as long as the deadline allows. */
  readonly nodeGracePeriodMs: number | undefined;
}

/** A deadline that is past, or all but, still gets this long: the machine evidently lives. */
const lastChanceMs = 30_000;

/** What the interruptions that have joined so far ask for, all together. */
export class Mandate {
  readonly #options: MandateOptions;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #startedAt: Instant;

  constructor(options: MandateOptions, modules: { readonly clock: Clock; readonly ledger: Ledger }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#ledger = modules.ledger;
    this.#startedAt = modules.clock.now();
  }

  get decision(): Decision {
    return strongest(this.#ledger.interruptions.map((it) => decide(it, this.#options.policy)));
  }

  get marks(): Marks {
    return {
      interruptions: this.#ledger.interruptions.map((interruption) => ({
        interruption,
        deadline: decide(interruption, this.#options.policy).deadline,
      })),
      forDrain: this.decision.response === 'drain',
    };
  }

  /** When nothing more can be done for AWS's deadline; undefined where there is none. */
  get lastChance(): Instant | undefined {
    const { deadline } = this.decision;
    return deadline === undefined ? undefined : Math.max(deadline, this.#startedAt + lastChanceMs);
  }

  get goal(): DrainGoal {
    const { nodeGracePeriodMs } = this.#options;
    const ends = [
      this.lastChance,
      nodeGracePeriodMs === undefined ? undefined : this.#startedAt + nodeGracePeriodMs,
    ].filter((end) => end !== undefined);
    return { deadline: this.decision.deadline, endBy: ends.length === 0 ? undefined : Math.min(...ends) };
  }

  /** The instant has come after which the machine has no power: what is left undone now stays undone. */
  get isMachineEnd(): boolean {
    const { deadline, deadlineIsMachineEnd } = this.decision;
    return deadlineIsMachineEnd && deadline !== undefined && this.#clock.now() >= deadline;
  }
}
