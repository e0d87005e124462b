import { until } from '../parts/until.ts';
import { DaemonProcess, type DaemonProcessOptions } from './daemon-process.ts';

export interface DaemonPorts {
  readonly probes: number;
  readonly metrics: number;
}

/** A daemon whose servers can be asked. */
export class RunningDaemon extends DaemonProcess {
  readonly #ports: DaemonPorts;

  constructor({ env, ...options }: DaemonProcessOptions, ports: DaemonPorts) {
    const servers = {
      ENABLE_PROBES_SERVER: 'true',
      PROBES_SERVER_PORT: `${ports.probes}`,
      ENABLE_PROMETHEUS_SERVER: 'true',
      PROMETHEUS_SERVER_PORT: `${ports.metrics}`,
    };
    super({ ...options, env: { ...servers, ...env } });
    this.#ports = ports;
  }

  /** Resolves when /readyz says so: its servers listen, and the metadata service has answered. */
  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      try {
        return (await this.probe('/readyz')).status === 200;
      } catch {
        return false;
      }
    };
    await until(isReady, { what: 'the daemon is ready', timeoutMs: 30_000 });
  }

  async probe(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.probes}${path}`);
    return { status: response.status, body: await response.text() };
  }

  /** The samples of /metrics by their names with labels, as they are printed. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.metrics}/metrics`);
    const samples = (await response.text())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }
}
