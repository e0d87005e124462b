import { systemClock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import { showDrain } from './demo/drain-story.ts';
import { demoHelp, parseOptions } from './demo/options.ts';
import { showRehearsal } from './demo/rehearsal-story.ts';
import { Screen } from './demo/screen.ts';

/** How a shell tells that a signal ended a program: 128 and the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** `npm run demo`: argv and environment in, exit code out. */
async function main(): Promise<number> {
  const { stdout, stderr } = process;
  const parsed = parseOptions(process.argv.slice(2));
  if (parsed.type === 'help') {
    stdout.write(demoHelp);
    return 0;
  }
  if (parsed.type === 'problem') {
    stderr.write(`${parsed.line}\n`);
    return 1;
  }
  const { options } = parsed;
  // A program of its own, hence a reader of the environment of its own, beside main.ts.
  // oxlint-disable-next-line node/no-process-env
  const { env } = process;
  const isPlain =
    !stdout.isTTY || env['TERM'] === 'dumb' || ![undefined, '', 'false', '0'].includes(env['CI']);
  const screen = new Screen({ live: !isPlain, colours: !isPlain && stdout.hasColors() }, stdout);
  const ended = endOnSignals();
  try {
    const modules = { clock: systemClock, screen };
    const { cluster, imdsUrl, fast } = options;
    if (cluster === undefined) await showDrain(options, modules, ended.signal);
    else await showRehearsal({ cluster, imdsUrl, fast, env }, modules, ended.signal);
    return 0;
  } catch (error) {
    if (ended.signal.aborted) return Number(ended.signal.reason);
    stderr.write(`${errorText(error)}\n`);
    return 1;
  }
}

/** Ctrl-C, or a reader of our output that went away: everything that was started is stopped. */
function endOnSignals(): AbortController {
  const ended = new AbortController();
  for (const [name, code] of Object.entries(exitCodes)) {
    process.on(name, () => {
      ended.abort(code);
    });
  }
  process.stdout.on('error', () => {
    ended.abort(1);
  });
  return ended;
}

process.exit(await main());
