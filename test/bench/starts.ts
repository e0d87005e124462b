import type { ProcessGroup } from '../parts/process-group.ts';
import { startBareServer } from './bare-server.ts';
import type { BenchmarkOptions, Table } from './benchmark.ts';
import { DaemonProcess } from './daemon-process.ts';
import { MetadataService } from './metadata-service.ts';
import { median, spread } from './statistics.ts';

const longestStartMs = 250;

/** Nothing is asked of it before there is an interruption. */
const unusedApiServer = new URL('https://127.0.0.1:1');

/** From the start of the process to the first answer on /healthz. */
export async function measureStarts(
  processes: ProcessGroup,
  { rounds, daemon: build }: BenchmarkOptions,
): Promise<Table> {
  const imds = await MetadataService.start();
  const floor: number[] = [];
  const daemon: number[] = [];
  // The first of each brings the files into the page cache.
  for (let round = 0; round <= rounds; round += 1) {
    const bareServer = await startBareServer(processes, build);
    floor.push(bareServer.startedInMs);
    await bareServer.stop();
    const node = { node: 'starting', metadataUrl: imds.url, apiServer: unusedApiServer };
    const started = await DaemonProcess.start(processes, build, node);
    daemon.push(started.startedInMs);
    await started.stop();
  }
  await imds.stop();
  const [counted, countedFloor] = [daemon.slice(1), floor.slice(1)];
  return {
    title: `start, median (least to most) of ${rounds} rounds in turn`,
    figures: [
      { figure: 'floor: a bare node:http server answers after', measured: spread(countedFloor, 'ms') },
      {
        figure: '/healthz answers after',
        measured: spread(counted, 'ms'),
        target: `<= ${longestStartMs} ms`,
        isMet: median(counted) <= longestStartMs,
      },
      {
        figure: 'the same, as a multiple of the floor',
        measured: spread(
          counted.map((ms, round) => ms / (countedFloor[round] ?? Number.NaN)),
          'x',
          2,
        ),
      },
    ],
  };
}
