import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { FakeImds } from '../../../test/fakes/imds.ts';
import type { StoryModules } from './drain-story.ts';
import { notice } from './notice.ts';
import type { DemoOptions } from './options.ts';
import { startDaemon } from './running-daemon.ts';
import { shellEnvironment } from './shell-environment.ts';
import { showServed, showWhatNext } from './story-ends.ts';

export interface RehearsalOptions {
  readonly cluster: NonNullable<DemoOptions['cluster']>;
  readonly imdsUrl: string | undefined;
  readonly fast: boolean;
  /** The shell's: credential plugins of a kubeconfig need it. */
  readonly env: NodeJS.ProcessEnv;
}

/** A notice for a node of a real cluster, as a dry run. @throws where the daemon can't say what it would do */
export async function showRehearsal(
  { cluster, imdsUrl, fast, env }: RehearsalOptions,
  modules: StoryModules,
  signal: AbortSignal,
): Promise<void> {
  const { screen } = modules;
  const { kubeconfigPath, nodeName } = cluster;
  await access(kubeconfigPath, constants.R_OK).catch((error: unknown) => {
    throw new Error(`Cannot read kubeconfig "${kubeconfigPath}"`, { cause: error });
  });
  await using imds = imdsUrl === undefined ? await FakeImds.start({}, modules) : undefined;

  screen.heading(`What a Spot notice would do to node ${nodeName}: a dry run`);
  screen.say(
    'The daemon is the real one, src/main.ts, with --dry-run: it reads the pods of the node and says what it would do. ' +
      'Nothing is written to the cluster.' +
      (imds === undefined ? '' : ' The instance metadata service (IMDS) is a stand-in on loopback.'),
  );
  screen.heading('1. The daemon starts');
  const flags = [
    '--dry-run',
    `--node-name=${nodeName}`,
    `--metadata-url=${imds?.url ?? imdsUrl}`,
    `--kubeconfig=${kubeconfigPath}`,
    ...(fast ? ['--spot-poll-interval-ms=100'] : []),
  ];
  await using daemon = await startDaemon({ flags, env: shellEnvironment(env) }, modules, signal);

  screen.heading('2. The notice');
  await notice(imds ?? imdsUrl ?? '', { ...modules, daemon }, signal);
  screen.heading('3. What the daemon would do');
  await daemon.line(/Node would have been cordoned/u, signal);
  const count = (text: string): number => daemon.lines.filter((line) => line.includes(text)).length;
  const isListed = count('Cannot list the pods') === 0;
  const leaving = count('Pod would have been evicted');
  const staying = count('Pod would have stayed');
  if (isListed) {
    screen.say('');
    screen.say(`Pods that would leave: ${leaving}, that would stay: ${staying}. Nothing was written.`);
  }
  if (isListed && leaving + staying === 0) {
    screen.say(`No pod is on "${nodeName}": is that the name that "kubectl get nodes" shows?`);
  }
  screen.heading('4. What Prometheus and the kubelet see');
  await showServed({ screen, daemon }, signal);
  screen.heading('5. What to try next');
  showWhatNext(screen);
  screen.heading('The daemon stops');
  screen.say(`It ended ${await daemon.stop()}.`);
  if (!isListed) throw new Error('The pods of the node could not be listed: the daemon says above why');
}
