import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeImds } from '../../../test/fakes/imds.ts';
import type { Clock } from '../../clock.ts';
import { drainShown } from './drain-shown.ts';
import { daemonKubeconfig, drainedNode, startCluster } from './embedded-cluster.ts';
import type { DemoOptions } from './options.ts';
import { notice } from './notice.ts';
import { introduce } from './introduction.ts';
import { PodTimeline } from './pod-timeline.ts';
import { report } from './report.ts';
import { startDaemon } from './running-daemon.ts';
import type { Screen } from './screen.ts';
import { showServed, showWhatNext } from './story-ends.ts';
import { ownPod } from './workloads.ts';

export interface StoryModules {
  readonly clock: Clock;
  readonly screen: Screen;
}

/** What a second of the pods' takes with --fast: enough for the budget to hold a pod back on a slow machine too. */
const fastPaceMs = 200;

/** The whole way of a Spot notice on the embedded cluster. @throws where the node does not end drained */
export async function showDrain(
  options: DemoOptions,
  modules: StoryModules,
  signal: AbortSignal,
): Promise<void> {
  const { screen, clock } = modules;
  const { fast, imdsUrl } = options;
  const readingPause = (ms: number): Promise<void> => clock.sleep(screen.isLive && !fast ? ms : 0, signal);
  await using api = await startCluster(fast ? fastPaceMs : 1000, modules);
  await using imds = imdsUrl === undefined ? await FakeImds.start({}, modules) : undefined;
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nth-demo-'));
  const kubeconfigPath = join(folder.path, 'kubeconfig');
  await writeFile(kubeconfigPath, daemonKubeconfig(api), { mode: 0o600 });
  const timeline = new PodTimeline(drainedNode, { api });

  introduce(screen, timeline.rows().length);
  await readingPause(3000);

  screen.heading('2. The daemon starts');
  const flags = [
    `--node-name=${drainedNode}`,
    `--pod-name=${ownPod.name}`,
    `--pod-namespace=${ownPod.namespace}`,
    `--metadata-url=${imds?.url ?? imdsUrl}`,
    `--kubeconfig=${kubeconfigPath}`,
    '--taint-node',
    ...(fast ? ['--spot-poll-interval-ms=100'] : []),
  ];
  // An environment of its own: options that the shell happens to hold are not part of the story.
  await using daemon = await startDaemon({ flags, env: {} }, modules, signal);
  const { length } = api.requests;
  screen.say(
    `It polls IMDS. To the API server it has sent ${length} ${length === 1 ? 'request' : 'requests'} so far, for what its Node carries from before.`,
  );
  await readingPause(2000);

  screen.heading('3. The notice');
  const heardAt = await notice(imds ?? imdsUrl ?? '', { ...modules, daemon }, signal);
  const noticeAt = Math.min(heardAt, api.requests[0]?.at ?? heardAt);

  screen.heading('4. The drain');
  const end = await drainShown({ noticeAt }, { ...modules, api, daemon, timeline }, signal);
  screen.heading('5. The report');
  report({ noticeAt, deadline: end.deadline }, { screen, timeline, api });
  await readingPause(1500);

  screen.heading('6. What Prometheus and the kubelet see');
  await showServed({ screen, daemon }, signal);
  screen.heading('7. What to try next');
  showWhatNext(screen);
  screen.heading('The daemon stops');
  screen.say(`It ended ${await daemon.stop()}.`);
  if (!end.isDrained) throw new Error('The node was not drained: the daemon says above what stayed and why');
}
