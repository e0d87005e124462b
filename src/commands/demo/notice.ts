import type { FakeImds } from '../../../test/fakes/imds.ts';
import type { Clock } from '../../clock.ts';
import type { DaemonProcess } from './daemon-process.ts';
import type { Screen } from './screen.ts';

/** What AWS gives: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html */
const noticeMs = 120_000;

const noticePath = 'spot/instance-action';

export interface NoticeModules {
  readonly clock: Clock;
  readonly screen: Screen;
  readonly daemon: DaemonProcess;
}

/**
 * Lets the embedded metadata service show a Spot notice, or waits for one of another service.
 * @returns when the notice was given or, where that can't be known, when the daemon first spoke of it
 */
export async function notice(
  from: FakeImds | string,
  { clock, screen, daemon }: NoticeModules,
  signal: AbortSignal,
): Promise<number> {
  if (typeof from === 'string') {
    screen.say(`Waiting for a notice of the metadata service at ${from}; Ctrl-C ends the demo.`);
    await daemon.line(/ interruption_id=/u, signal);
    return clock.now();
  }
  const time = new Date(clock.now() + noticeMs).toISOString().replace(/\.\d+Z$/u, 'Z');
  const document = { action: 'terminate', time };
  from.set(noticePath, document);
  const noticeAt = clock.now();
  screen.say(`IMDS has answered 404 on /latest/meta-data/${noticePath} so far. From now on it answers 200:`);
  screen.list([JSON.stringify(document)]);
  screen.say('AWS gives two minutes. Times are counted from this moment.');
  return noticeAt;
}
