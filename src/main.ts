import packageJson from '../package.json' with { type: 'json' };
import { systemClock } from './clock.ts';
import type { WebhookConfig } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { readFileFromDisk } from './config/read-file.ts';
import { Daemon } from './daemon.ts';
import { errorText } from './error-text.ts';
import { createLogger, type Logger } from './logger.ts';
import { webhookProblem } from './webhook-part.ts';

/** Bundles of every public authority are about 250 KB. */
const largestAuthoritiesBytes = 4 * 1024 * 1024;

/** The process: argv and environment in, exit code out. Nothing else touches `process`. */
async function main(): Promise<number> {
  const { version } = packageJson;
  const loaded = await loadConfig(process.argv.slice(2), process.env, readFileFromDisk);
  switch (loaded.type) {
    case 'help':
      process.stdout.write(loaded.text);
      return 0;
    case 'version':
      process.stdout.write(`${version}\n`);
      return 0;
    case 'problems':
      return refuse([...loaded.problems, ...(await templateProblems(loaded.webhook))]);
    case 'config':
      break;
  }
  const { config, warnings, effective, changed } = loaded;
  const problems = await templateProblems(config.webhook);
  if (problems.length > 0) return refuse(problems);
  const { stdout, stderr } = process;
  // Whoever read our log has gone: no reason to leave a node undrained.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  const logger = createLogger(config.logging, { clock: systemClock, stdout, stderr });
  endOnOwnErrors(logger);
  logger.info('Node termination handler starts', { version, node_version: process.version, ...effective });
  for (const warning of warnings) logger.warn(warning);

  const { stopping, killing } = endOnSignals(logger);
  const certificateAuthorities = await readAuthorities('SSL_CERT_FILE', config.network.caFile, logger);
  const awsAuthorities = await readAuthorities('AWS_CA_BUNDLE', config.network.awsCaFile, logger);
  const daemon = new Daemon(
    {
      config,
      version,
      certificateAuthorities,
      awsAuthorities,
      environment: process.env,
      shownConfig: Object.entries(effective).map(([name, value]) => ({
        name,
        value,
        isSet: changed.includes(name),
      })),
    },
    { clock: systemClock, logger, readFile: readFileFromDisk },
  );
  await daemon.run(stopping, killing);
  logger.info('Stopped');
  return 0;
}

function refuse(problems: readonly string[]): number {
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  return 1;
}

async function templateProblems(webhook: WebhookConfig | undefined): Promise<readonly string[]> {
  const problem = await webhookProblem(
    { webhook, environment: process.env },
    { clock: systemClock, readFile: readFileFromDisk },
  );
  return problem === undefined ? [] : [problem];
}

/** Authorities to trust in place of the usual ones, as PEM: SSL_CERT_FILE, as Go's programs do; AWS_CA_BUNDLE for AWS. */
async function readAuthorities(
  variable: 'SSL_CERT_FILE' | 'AWS_CA_BUNDLE',
  path: string | undefined,
  logger: Logger,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFileFromDisk(path, largestAuthoritiesBytes);
  } catch (error) {
    logger.warn('Cannot read the certificate authorities to trust, trusting the usual ones', {
      variable,
      path,
      error,
    });
    return undefined;
  }
}

/** An error that nobody caught is a fault of ours: the state it leaves behind is unknown, a restart's is not. */
function endOnOwnErrors(logger: Logger): void {
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => {
      logger.error(`Ending after an error that nothing handled (${event})`, { error });
      process.exit(1);
    });
  }
}

/** The first SIGTERM or SIGINT stops the intake, the second ends what still runs. */
function endOnSignals(logger: Logger): { readonly stopping: AbortSignal; readonly killing: AbortSignal } {
  const stopping = new AbortController();
  const killing = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) {
        logger.warn('Ending at once, a drain in flight is resumed by the next start', { signal: name });
        killing.abort(new Error(`second ${name}`));
      } else {
        logger.info('Stopping: no new interruptions are taken, a drain in flight goes on', { signal: name });
        stopping.abort(new Error(name));
      }
    });
  }
  return { stopping: stopping.signal, killing: killing.signal };
}

main().then(
  (code) => {
    // Not left to the event loop's running dry: a socket that lingers must not hold up the end.
    process.exit(code);
  },
  (error: unknown) => {
    process.stderr.write(`Cannot run: ${errorText(error)}\n`);
    process.exit(1);
  },
);
