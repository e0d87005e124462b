import type { Instant, NodeLocation } from '../../interruption/interruption.ts';
import { FinishedSignal, ShownSignal, type Lendable } from './lendings.ts';
import type { Outbox } from '../../interruption/outbox.ts';
import type { Finished, Reading, Sighting } from './signal.ts';

/** Answers in a row without it after which a signal is over: one odd answer doesn't end it. */
const absencesUntilOver = 3;

/** The circumstances in which documents were read. */
export interface Sight {
  readonly now: Instant;
  readonly where: NodeLocation;
  readonly toLocal: (instant: Instant) => Instant;
}

/**
 * The signals of one kind, each from its first sight until it is shown no more; what is to be delivered
 * goes to the outbox. Only what is shown now is held, so that this doesn't grow with time.
 */
export class SignalTable {
  readonly #outbox: Outbox<Lendable>;
  readonly #shown = new Map<string, ShownSignal>();
  readonly #finished = new Map<string, FinishedSignal>();

  constructor(modules: { readonly outbox: Outbox<Lendable> }) {
    this.#outbox = modules.outbox;
  }

  /** How many signals are held. */
  get size(): number {
    return this.#shown.size + this.#finished.size;
  }

  /** Whether an interruption of this id is shown, or was a moment ago. */
  shows(interruptionId: string): boolean {
    for (const { id } of this.#shown.values()) if (id === interruptionId) return true;
    return false;
  }

  /** Takes in what one round read; a `complete` round also tells what is no longer there. */
  take(readings: readonly Reading[], complete: boolean, sight: Sight): void {
    const sightings = new Map(readings.flatMap((reading) => reading.sightings).map((one) => [one.key, one]));
    // An event in both lists is on its way from one to the other: the next round tells.
    const finished = new Map(
      readings
        .flatMap((reading) => reading.finished)
        .filter(({ id }) => !sightings.has(id))
        .map((one) => [one.id, one]),
    );
    for (const one of finished.values()) this.#finish(one, sight);
    for (const one of sightings.values()) this.#see(one, sight);
    if (!complete) return;
    for (const key of this.#shown.keys()) if (!sightings.has(key)) this.#miss(key);
    for (const id of this.#finished.keys()) if (!finished.has(id)) this.#drop(this.#finished, id);
  }

  #see(sighting: Sighting, { now, where, toLocal }: Sight): void {
    this.#drop(this.#finished, sighting.key);
    const known = this.#shown.get(sighting.key);
    const { id, seenAt } = known ?? { id: sighting.id(where), seenAt: now };
    const interruption = sighting.interruption({ id, seenAt, where, toLocal });
    if (known?.update(interruption, now) === false) return;
    const signal = known ?? new ShownSignal(interruption);
    this.#shown.set(sighting.key, signal);
    this.#deliver(signal);
  }

  #finish(finished: Finished, { now, where }: Sight): void {
    this.#drop(this.#shown, finished.id);
    const known = this.#finished.get(finished.id);
    if (known?.loan.isDue(now) === false) return;
    const signal = known ?? new FinishedSignal(finished, where);
    this.#finished.set(finished.id, signal);
    this.#deliver(signal);
  }

  #miss(key: string): void {
    const signal = this.#shown.get(key);
    if (signal === undefined) return;
    signal.absences += 1;
    if (signal.absences >= absencesUntilOver) this.#drop(this.#shown, key);
  }

  #deliver(item: Lendable): void {
    item.loan.askAgain();
    this.#outbox.put(item);
  }

  #drop(from: Map<string, Lendable>, key: string): void {
    const item = from.get(key);
    if (item === undefined) return;
    from.delete(key);
    this.#outbox.remove(item);
  }
}
