import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrometheus, ensurePromtool } from '../../parts/debian.ts';
import { freePort } from '../../parts/free-port.ts';
import { ProcessGroup } from '../../parts/process-group.ts';
import { run } from '../../parts/run.ts';
import { until } from '../../parts/until.ts';

/** One line of an answer: its labels, and its values by time, in seconds. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** A real Prometheus that has only what it was given. */
export class Prometheus {
  readonly #url: string;
  readonly #processes: ProcessGroup;

  private constructor(url: string, processes: ProcessGroup) {
    this.#url = url;
    this.#processes = processes;
  }

  /** @param samples in the OpenMetrics format, with times */
  static async start(samples: string): Promise<Prometheus> {
    const processes = await ProcessGroup.create('prometheus');
    const path = (name: string): string => join(processes.folder, name);
    await writeFile(path('samples'), samples);
    const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', path('samples'), path('data')];
    await run(await ensurePromtool(), blocks);
    await writeFile(path('config'), '{}');
    const port = await freePort();
    processes.start('prometheus', await ensurePrometheus(), [
      `--config.file=${path('config')}`,
      `--storage.tsdb.path=${path('data')}`,
      '--storage.tsdb.retention.time=10y',
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, processes);
    const isReady = async (): Promise<boolean> =>
      (await fetch(`${prometheus.#url}/-/ready`).catch(() => undefined))?.ok ?? false;
    await until(isReady, { what: 'Prometheus is ready', timeoutMs: 30_000 });
    return prometheus;
  }

  /** @throws with Prometheus' words where it does not understand the query */
  async query(query: string, atMs: number): Promise<Series[]> {
    const result = await this.#ask('query', { query, time: String(atMs / 1000) });
    return result.map(({ metric, value }) => ({ metric, values: value ? [value] : [] }));
  }

  async range(query: string, fromMs: number, toMs: number, stepSeconds: number): Promise<Series[]> {
    const times = { start: String(fromMs / 1000), end: String(toMs / 1000), step: String(stepSeconds) };
    const result = await this.#ask('query_range', { query, ...times });
    return result.map(({ metric, values }) => ({ metric, values: values ?? [] }));
  }

  async stop(): Promise<void> {
    await this.#processes.stop();
  }

  async #ask(kind: string, parameters: Record<string, string>): Promise<Answer['data']['result']> {
    const response = await fetch(`${this.#url}/api/v1/${kind}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as Answer;
    if (answer.status !== 'success')
      throw new Error(`Cannot answer "${parameters['query']}": ${answer.error}`);
    return answer.data.result;
  }
}
