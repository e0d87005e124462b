import type { DaemonProcess } from './daemon-process.ts';
import { metricsExcerpt } from './metrics-excerpt.ts';
import { served } from './running-daemon.ts';
import type { Screen } from './screen.ts';

/** What the daemon serves, asked for over HTTP as Prometheus and the kubelet ask. */
export async function showServed(
  { screen, daemon }: { readonly screen: Screen; readonly daemon: DaemonProcess },
  signal: AbortSignal,
): Promise<void> {
  const metrics = await served(daemon, '/metrics', signal);
  const excerpt = metricsExcerpt(metrics.body);
  const all = metrics.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  screen.list([
    `GET ${metrics.url}  ${metrics.status}, ${excerpt.length} of its ${all.length} samples:`,
    ...excerpt,
  ]);
  for (const path of ['/healthz', '/readyz']) {
    const { url, status, body } = await served(daemon, path, signal);
    screen.list([`GET ${url}  ${status} ${body}`]);
  }
}

/** Commands that work in the checkout as it is. */
export const nextCommands: readonly (readonly [command: string, what: string])[] = [
  ['npm run demo -- --kubeconfig FILE --node-name NAME', 'the same on a node of your cluster, as a dry run'],
  ['npm run demo -- --imds http://127.0.0.1:1338', 'with notices of amazon-ec2-metadata-mock'],
  ['npx node src/main.ts --help', 'every option; docs/options.md has them as a table'],
  ['npm test', 'types, lint, format and all tests over the same stand-ins'],
  [
    'npm run build',
    'the bundle that the image runs, dist/main.cjs; README.md tells how it gets to a cluster',
  ],
];

export function showWhatNext(screen: Screen): void {
  for (const [command, what] of nextCommands) {
    screen.list([{ text: command, style: 'bold' }]);
    screen.say(what, '      ');
  }
}
