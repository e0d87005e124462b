import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ensureEc2MetadataMock } from './go-parts.ts';
import { ProcessGroup } from './process-group.ts';
import { until } from './until.ts';

const SPOT_NOTICE_SECONDS = 120;
const NEVER = '9999-01-01T00:00:00Z';

export interface MetadataMockOptions {
  /** What there is to see besides the instance's metadata; a spot interruption, maintenance, the end in its group. */
  command: 'spot' | 'events' | 'asglifecycle';
  /** Until the notice shows; before, its path answers 404 (asglifecycle: InService). @default 0 */
  delaySeconds?: number;
  /** Refuse requests without a token. @default false: both versions are answered */
  imdsv2?: boolean;
  /** @default a free one */
  port?: number;
  /** Of `spot`: `action`, `time` (RFC 3339). @default terminate, 120 s after the notice shows */
  spot?: { action?: 'terminate' | 'stop' | 'hibernate'; time?: string };
  /** Of `spot`: a rebalance recommendation as well, at the same instant. @default false */
  rebalance?: boolean;
  /** RFC 3339. @default when it shows */
  rebalanceTime?: string;
  /** Of `events`, times in RFC 3339. @default an active system-reboot from now on for a week */
  event?: {
    code?: string;
    state?: string;
    'not-before'?: string;
    'not-after'?: string;
    'not-before-deadline'?: string;
  };
  /** Values of /latest/meta-data by their names there, such as `instance-id`. */
  metadata?: Record<string, string>;
  /** Values of the instance identity document, such as `accountId`. */
  identity?: Record<string, string>;
}

export interface MetadataMock {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The instant at which the notice shows, exact by this machine's clock. */
  noticeAtMs: number;
  stop(): Promise<void>;
}

/** AWS's own mock of the instance metadata service. */
export async function startMetadataMock(options: MetadataMockOptions): Promise<MetadataMock> {
  const command = await ensureEc2MetadataMock();
  const port = options.port ?? (await freePort());
  const noticeAtMs = (Math.floor(Date.now() / 1000) + (options.delaySeconds ?? 0)) * 1000;
  const processes = await ProcessGroup.create('metadata-mock');
  const settings = join(processes.folder, 'settings.json');
  writeFileSync(settings, JSON.stringify(settingsOf(options, port, noticeAtMs)));
  // Maintenance times without one of their own are the machine's local time, called GMT.
  const args = [options.command, `--config-file=${settings}`];
  const mock = processes.start('ec2-metadata-mock', command, args, { TZ: 'UTC' });
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(() => answers(url), {
      what: 'the metadata mock answers',
      timeoutMs: 10_000,
      lost: mock.lost,
    });
  } catch (error) {
    await processes.stop({ keepLogs: true });
    throw error;
  }
  return { url, noticeAtMs, stop: () => processes.stop() };
}

/**
 * Its settings file, not flags: the flag for the time of the group's end takes whole numbers only and fails with
 * every time. Times, not delays: these are counted from a start that nobody sees, in whole seconds.
 */
function settingsOf(options: MetadataMockOptions, port: number, noticeAtMs: number): object {
  const noticeAt = rfc3339(noticeAtMs);
  return {
    server: { hostname: '127.0.0.1', port: `${port}` },
    imdsv2: options.imdsv2 ?? false,
    // No limit; and its count of the callers' addresses crashes it when two of them call at once.
    'mock-ip-count': -1,
    'mock-trigger-time': noticeAt,
    'rebalance-trigger-time': options.rebalance === true ? noticeAt : NEVER,
    'asg-termination-trigger-time': noticeAt,
    // Without times of their own both notices would move with each request.
    spot: {
      time: rfc3339(noticeAtMs + SPOT_NOTICE_SECONDS * 1000),
      'rebalance-rec-time': options.rebalanceTime ?? noticeAt,
      ...options.spot,
    },
    events: options.event ?? {},
    metadata: { values: options.metadata ?? {} },
    dynamic: { values: { 'instance-identity-document': options.identity ?? {} } },
  };
}

function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/u, 'Z');
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/latest/meta-data`);
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
