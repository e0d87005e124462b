import type { Clock } from '../../clock.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { Screen } from './screen.ts';
import { duration } from './times.ts';

export interface DaemonModules {
  readonly clock: Clock;
  readonly screen: Screen;
}

/** Longer than anything but a metadata service that isn't there should take. */
const readyWithinMs = 20_000;
const lookAgainMs = 100;

/** Flags that every demo gives: any free port, so that no other program is in the way. */
const portFlags = [
  '--enable-prometheus-server',
  '--prometheus-server-port=0',
  '--enable-probes-server',
  '--probes-server-port=0',
];

/** Starts the daemon, its log on the screen, and waits until it says that it is ready. */
export async function startDaemon(
  { flags, env }: { readonly flags: readonly string[]; readonly env: NodeJS.ProcessEnv },
  { clock, screen }: DaemonModules,
  signal: AbortSignal,
): Promise<DaemonProcess> {
  const allFlags = [...flags, ...portFlags];
  screen.list([`$ node src/main.ts ${allFlags.join(' \\\n        ')}`]);
  const startedAt = clock.now();
  const daemon = new DaemonProcess({ flags: allFlags, env }, { clock });
  daemon.log.on('line', (line) => {
    screen.log(line);
  });
  try {
    await untilReady(daemon, clock, signal);
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  screen.say(`Ready ${duration(startedAt, clock.now())} after its start.`);
  return daemon;
}

export interface Served {
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

/** What the daemon serves on a path right now, on whichever port its log names. */
export async function served(daemon: DaemonProcess, path: string, signal: AbortSignal): Promise<Served> {
  const [, port = ''] = await daemon.line(
    new RegExp(`Starting to serve handler ${path}, port (\\d+)`, 'u'),
    signal,
  );
  const url = `http://127.0.0.1:${port}${path}`;
  const response = await fetch(url, { signal });
  return { url, status: response.status, body: await response.text() };
}

async function untilReady(daemon: DaemonProcess, clock: Clock, signal: AbortSignal): Promise<void> {
  const giveUpAt = clock.now() + readyWithinMs;
  for (;;) {
    const { status, body } = await served(daemon, '/readyz', signal);
    if (status === 200) return;
    if (clock.now() >= giveUpAt)
      throw new Error(`The daemon is not ready after ${readyWithinMs / 1000} s: ${body}`);
    await clock.sleep(lookAgainMs, signal);
  }
}
