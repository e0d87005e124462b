import type { Instant } from '../../interruption/interruption.ts';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;
/** The form that scheduled events use, such as `21 Jan 2019 09:00:43 GMT`. */
const maintenanceTime = /^\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * The instant that AWS wrote; undefined where it can't be used.
 * Date.parse alone would also read words and numbers that no AWS time looks like.
 */
export function parseTime(value: unknown): Instant | undefined {
  if (typeof value !== 'string') return undefined;
  const written = value.trim();
  if (!rfc3339.test(written) && !maintenanceTime.test(written)) return undefined;
  const instant = Date.parse(written);
  return Number.isNaN(instant) ? undefined : instant;
}
