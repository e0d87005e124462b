import { readFileSync } from 'node:fs';

/** A document as the metadata service sends it, from test/fixtures/imds. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/imds/${name}`, import.meta.url), 'utf8');
}

export const spotPath = '/latest/meta-data/spot/instance-action';
export const scheduledPath = '/latest/meta-data/events/maintenance/scheduled';
export const historyPath = '/latest/meta-data/events/maintenance/history';
export const rebalancePath = '/latest/meta-data/events/recommendations/rebalance';
export const targetStatePath = '/latest/meta-data/autoscaling/target-lifecycle-state';
