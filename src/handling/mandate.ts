import type { Clock } from '../clock.ts';
import type { DrainGoal } from '../drain/plan.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
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
  #hasLapsed = false;

  constructor(options: MandateOptions, modules: { readonly clock: Clock; readonly ledger: Ledger }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#ledger = modules.ledger;
    this.#startedAt = modules.clock.now();
  }

  get decision(): Decision {
    const interruptions = this.#hasLapsed ? [] : this.#ledger.interruptions;
    return strongest(interruptions.map((it) => decide(it, this.#options.policy)));
  }

  /** The machine that it is about has gone: there is nothing to do, and nothing to undo. */
  lapse(): void {
    this.#hasLapsed = true;
  }

  get hasLapsed(): boolean {
    return this.#hasLapsed;
  }

  /** The node's grace period begins. */
  begin(): void {
    this.#startedAt = this.#clock.now();
  }

  /** It joins: where the node is to be drained for it, it has a grace period of its own. @returns whether it is */
  renewGrace(interruption: Interruption): boolean {
    const isToDrain = decide(interruption, this.#options.policy).response === 'drain';
    if (isToDrain) this.begin();
    return isToDrain;
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
      over: cancellations.map(({ interruptionId: id, toldAt }) => ({ id, toldAt })),
      remembersOver: cancellations.some(
        ({ why, toldAt }) => why === 'rebooted' || why === 'returned' || toldAt !== undefined,
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

  /** How long a drain may take at most; Infinity: as long as its deadline allows. */
  get nodeGracePeriodMs(): number {
    return this.decision.nodeGracePeriodMs ?? Infinity;
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
