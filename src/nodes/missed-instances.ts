import type { Ec2Instance } from '../aws/instance.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import { mayJoin } from './may-join.ts';

/** The messages that speak of it come again much sooner than this. */
const missedKeptMs = 600_000;

/** More than any queue delivers meanwhile; the oldest are forgotten. */
const mostKept = 10_000;

/** For so long EC2 is not asked about it again; less where its node may be about to join. */
const answerKeptMs = 60_000;
const joiningAnswerKeptMs = 20_000;

/** Its messages still come. */
const recentMs = 60_000;

/** What EC2 has said of it. Not its tags: that it lacks one is never concluded from an older answer. */
export type MissedInstance = Pick<Ec2Instance, 'instanceId' | 'state' | 'privateDnsName' | 'launchedAt'>;

interface Answer {
  readonly instance: MissedInstance;
  readonly askedAt: number;
  readonly keptMs: number;
  /** EC2 is being asked anew. */
  readonly isRenewed: boolean;
}

interface Missed {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly answer?: Answer | undefined;
}

/** Instances of which messages speak, but for which there is no node; those of other clusters, mostly. */
export class MissedInstances {
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, 'instancesNotInCluster'>;
  /** Those missed longest ago come first. */
  readonly #missed = new Map<string, Missed>();

  constructor(modules: { readonly clock: Clock; readonly metrics: Pick<Metrics, 'instancesNotInCluster'> }) {
    this.#clock = modules.clock;
    this.#metrics = modules.metrics;
    this.#metrics.instancesNotInCluster.set(0);
  }

  /** @returns for how long it has been missed by now */
  miss(id: string): number {
    const now = this.#clock.now();
    const known = this.#missed.get(id);
    const firstAt = Math.min(known?.firstAt ?? now, now);
    // Anew at its end, so that the oldest is the first.
    this.#missed.delete(id);
    this.#missed.set(id, { firstAt, lastAt: now, answer: known?.answer });
    for (const [old, { lastAt }] of this.#missed) {
      if (this.#msSince(lastAt) < missedKeptMs && this.#missed.size <= mostKept) break;
      this.#missed.delete(old);
    }
    this.#metrics.instancesNotInCluster.set(this.#missed.size);
    return now - firstAt;
  }

  found(id: string): void {
    if (this.#missed.delete(id)) this.#metrics.instancesNotInCluster.set(this.#missed.size);
  }

  /** EC2 was asked about one that is missed. */
  learn({ instanceId, state, privateDnsName, launchedAt }: Ec2Instance, askedAt: number): void {
    const missed = this.#missed.get(instanceId);
    if (!missed) return;
    const now = this.#clock.now();
    const instance = { instanceId, state, privateDnsName, launchedAt };
    const isNew = mayJoin(instance, now - missed.firstAt, now);
    const keptMs = isNew ? joiningAnswerKeptMs : answerKeptMs;
    // In its place: it is not missed again by that.
    this.#missed.set(instanceId, {
      ...missed,
      answer: { instance, askedAt, keptMs, isRenewed: false },
    });
  }

  /** EC2 is to be asked before anything is concluded. */
  unlearn(id: string): void {
    const missed = this.#missed.get(id);
    if (missed) this.#missed.set(id, { ...missed, answer: undefined });
  }

  /** What EC2 said of it a short while ago. */
  answerOf(id: string): MissedInstance | undefined {
    const answer = this.#missed.get(id)?.answer;
    return answer && this.#msSince(answer.askedAt) < answer.keptMs ? answer.instance : undefined;
  }

  /**
   * Those that EC2 would be asked about one by one as they come: of which half of the time is over. Whoever takes them
   * asks, and learns or unlearns them.
   */
  takeDue(most: number): readonly string[] {
    const due: string[] = [];
    for (const [id, missed] of this.#missed) {
      if (due.length >= most) break;
      const { answer, lastAt } = missed;
      if (!answer || answer.isRenewed || this.#msSince(lastAt) >= recentMs) continue;
      if (this.#msSince(answer.askedAt) < answer.keptMs / 2) continue;
      this.#missed.set(id, { ...missed, answer: { ...answer, isRenewed: true } });
      due.push(id);
    }
    return due;
  }

  /** However the clock was set meanwhile. */
  #msSince(at: number): number {
    return Math.abs(this.#clock.now() - at);
  }
}
