import type { Pod } from '../parts/objects.ts';

/** A pod, and whether anybody has asked it to leave. */
export function standing({ metadata }: Pod): string {
  return `${metadata.name} ${metadata.uid} ${metadata.deletionTimestamp ?? 'runs'}`;
}
