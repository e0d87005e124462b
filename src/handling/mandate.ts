import type { Clock } from '../clock.ts';
import type { DrainGoal } from '../drain/plan.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import { decide, strongest, type Decision, type Policy } from '../interruption/policy.ts';
import type { Marks } from '../kubernetes/cluster.ts';

export interface MandateOptions {
  readonly policy: Policy;
  /** NTH's `enable-out-of-service-taint`. */
  readonly outOfServiceTaint: boolean;
}

/** A deadline that is past, or all but, still gets this long: the machine evidently lives. */
const lastChanceMs = 30_000;

/** What all that has joined so far asks for together. */
export class Mandate {
  readonly #options: MandateOptions;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  #startedAt: Instant;
  #isDrained = false;

  constructor(options: MandateOptions, modules: { readonly clock: Clock; readonly ledger: Ledger }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#ledger = modules.ledger;
    this.#startedAt = modules.clock.now();
  }

  get decision(): Decision {
    return strongest(this.#ledger.interruptions.map((it) => decide(it, this.#options.policy)));
  }

  /** The node's grace period begins. */
  begin(): void {
    this.#startedAt = this.#clock.now();
  }

  /** Every pod that was to leave has left. */
  fulfilled(): void {
    this.#isDrained = true;
  }

  get isFulfilled(): boolean {
    return this.#isDrained;
  }

  get marks(): Marks {
    const { interruptions, cancellations } = this.#ledger;
    const { response, endsMachine } = this.decision;
    return {
      interruptions: interruptions.map((interruption) => ({
        interruption,
        deadline: decide(interruption, this.#options.policy).deadline,
      })),
      over: cancellations.map((cancellation) => cancellation.interruptionId),
      remembersOver: cancellations.some(
        ({ why, mayComeAgain }) => why === 'rebooted' || mayComeAgain === true,
      ),
      forDrain: response === 'drain',
      phase: this.#isDrained ? 'drained' : 'marked',
      outOfService: this.#isDrained && this.#options.outOfServiceTaint && endsMachine,
    };
  }

  /** When nothing more can be done for AWS's deadline; undefined where there is none. */
  get lastChance(): Instant | undefined {
    const { deadline } = this.decision;
    return deadline === undefined ? undefined : Math.max(deadline, this.#startedAt + lastChanceMs);
  }

  get goal(): DrainGoal {
    const { deadline, deadlineIsMachineEnd, nodeGracePeriodMs, escalation } = this.decision;
    const ends = [
      this.lastChance,
      nodeGracePeriodMs === undefined ? undefined : this.#startedAt + nodeGracePeriodMs,
    ].filter((end) => end !== undefined);
    const endBy = ends.length === 0 ? undefined : Math.min(...ends);
    return { deadline, deadlineIsMachineEnd, endBy, escalation };
  }

  /** The instant has come after which the machine has no power: what is left undone now stays undone. */
  get isMachineEnd(): boolean {
    const { deadline, deadlineIsMachineEnd } = this.decision;
    return deadlineIsMachineEnd && deadline !== undefined && this.#clock.now() >= deadline;
  }
}
