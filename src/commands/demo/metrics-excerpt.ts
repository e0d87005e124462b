/** What tells a drain's story; the daemon serves more. */
const names = [
  'actions_total',
  'nth_interruptions_total',
  'nth_notice_to_mark_seconds',
  'nth_notice_to_last_pod_asked_seconds',
  'nth_notice_to_drained_seconds',
  'nth_pods_total',
  'nth_evictions_refused_total',
];

/** The samples of those metrics that are not 0, without the buckets of histograms. */
export function metricsExcerpt(text: string): string[] {
  return text.split('\n').filter((line) => {
    const name = /^[a-z_]+/u.exec(line)?.[0] ?? '';
    return !name.endsWith('_bucket') && !line.endsWith(' 0') && names.some((it) => name.startsWith(it));
  });
}
