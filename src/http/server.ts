import type { Clock } from '../clock.ts';
import { readinessPath } from '../endpoint-paths.ts';
import type { Health } from '../health.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { createApp } from './app.ts';
import { type Endpoint, livenessEndpoint, metricsEndpoint, readinessEndpoint } from './endpoints.ts';
import { Port } from './port.ts';

export interface HttpOptions {
  /** NTH's `prometheus-server-port`; undefined where `enable-prometheus-server` is off. 0 takes any. */
  readonly metricsPort?: number | undefined;
  /** NTH's `probes-server-port`; undefined where `enable-probes-server` is off. 0 takes any. */
  readonly probesPort?: number | undefined;
  /** NTH's `probes-server-endpoint`. @default '/healthz' */
  readonly probesPath: string;
}

export interface HttpModules {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  /** More to serve beside the probes, such as the status page. */
  readonly besideProbes?: readonly Endpoint[] | undefined;
}

/** One thing to serve: what it is called, the option that sets its port, and its paths. */
interface Service {
  readonly name: string;
  readonly option: string;
  readonly endpoints: readonly Endpoint[];
}

/** `/metrics` on one port, `/healthz` and `/readyz` on another, or all of them where the ports are equal. */
export class HttpServer {
  readonly #metrics: Port | undefined;
  readonly #probes: Port | undefined;

  constructor(options: HttpOptions, modules: HttpModules) {
    const { metricsPort, probesPort } = options;
    const metrics = metricsService(modules);
    const probes = probesService(options, modules);

    if (metricsPort === probesPort && metricsPort !== 0) {
      this.#metrics = this.#probes = createPort(metricsPort, [metrics, probes], modules);
    } else {
      this.#metrics = createPort(metricsPort, [metrics], modules);
      this.#probes = createPort(probesPort, [probes], modules);
    }
  }

  /** Resolves once each port was tried; one that is taken is tried again until it is free. */
  async start(): Promise<void> {
    await Promise.all([...this.#ports()].map((port) => port.open()));
  }

  /** Gives the ports back, within about a second. */
  async stop(): Promise<void> {
    await Promise.all([...this.#ports()].map((port) => port.close()));
  }

  /** The port that `/metrics` has; undefined while it has none. */
  get metricsPort(): number | undefined {
    return this.#metrics?.number;
  }

  /** The port that the probes have; undefined while they have none. */
  get probesPort(): number | undefined {
    return this.#probes?.number;
  }

  #ports(): Set<Port> {
    return new Set([this.#metrics, this.#probes].filter((port) => port !== undefined));
  }
}

function metricsService({ metrics }: HttpModules): Service {
  return { name: 'metrics', option: 'prometheus-server-port', endpoints: [metricsEndpoint(metrics)] };
}

function probesService({ probesPath }: HttpOptions, { health, besideProbes = [] }: HttpModules): Service {
  return {
    name: 'probes',
    option: 'probes-server-port',
    endpoints: [
      livenessEndpoint(probesPath, health),
      // NTH has liveness wherever it is told to.
      ...(probesPath === readinessPath ? [] : [readinessEndpoint(health)]),
      ...besideProbes,
    ],
  };
}

function createPort(port: number | undefined, services: Service[], modules: HttpModules): Port | undefined {
  if (port === undefined) return undefined;
  const endpoints = services.flatMap((service) => service.endpoints);
  return new Port(
    {
      port,
      options: services.map(({ option }) => option),
      servers: services.map(({ name }) => name),
      paths: endpoints.filter(({ isDetail }) => !isDetail).map(({ path }) => path),
    },
    { app: createApp(endpoints, modules.logger), ...modules },
  );
}
