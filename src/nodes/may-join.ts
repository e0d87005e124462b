import type { Ec2Instance } from '../aws/instance.ts';

/** A machine joins its cluster within minutes of its launch, or never. */
const joiningMs = 600_000;

/** Where EC2 does not tell when it was launched. */
const shortestPatienceMs = 60_000;

/** Whether an instance that is no node yet may become one. */
export function mayJoin(
  { state, launchedAt }: Partial<Pick<Ec2Instance, 'state' | 'launchedAt'>>,
  missedSinceMs: number,
  now: number,
): boolean {
  if (state !== undefined && state !== 'running' && state !== 'pending') return false;
  if (launchedAt === undefined) return missedSinceMs < shortestPatienceMs;
  return Math.abs(now - launchedAt) < joiningMs;
}
