import type { ServerResponse } from 'node:http';
import { metricsPath, readinessPath } from '../endpoint-paths.ts';
import type { Health } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import { openMetrics, openMetricsType } from '../open-metrics.ts';
import { prefersOpenMetrics } from './accept.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that goes on until one side ends it. */
export interface StreamAnswer {
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes over the answer to a GET, whose headers have been sent. */
  stream(response: ServerResponse): void;
}

/** One path that answers GET and HEAD; what it says depends on nothing in the request but the form that is asked for. */
export interface Endpoint {
  readonly path: string;
  /** Part of another one: the log says nothing of it. */
  readonly isDetail?: true;
  /** @param accept the request's header of that name */
  answer(accept: string): Answer | StreamAnswer | Promise<Answer | StreamAnswer>;
  /** Ends the streams, when the server begins to close. */
  close?(): Promise<void>;
}

/** Every metric: in OpenMetrics, with exemplars, where that is preferred, else in Prometheus' text format. */
export function metricsEndpoint(metrics: Metrics): Endpoint {
  const { registry, noticeToMark, noticeToLastPodAsked, noticeToDrained, spareTime } = metrics;
  const traced = [noticeToMark, noticeToLastPodAsked, noticeToDrained, spareTime];
  return {
    path: metricsPath,
    answer: async (accept) =>
      prefersOpenMetrics(accept)
        ? { status: 200, contentType: openMetricsType, body: await openMetrics(registry, traced) }
        : { status: 200, contentType: registry.contentType, body: await registry.metrics() },
  };
}

/** NTH's probe, to the byte, while every loop steps; what is stuck where a restart is the only help. */
export function livenessEndpoint(path: string, health: Health): Endpoint {
  return {
    path,
    answer: () => {
      const causes = health.stuckLoops();
      return causes.length === 0 ? json(200, { health: 'OK' }) : json(503, { health: 'stuck', causes });
    },
  };
}

/** Whether the daemon has all it needs to do its job right now, and what is missing where not. */
export function readinessEndpoint(health: Health): Endpoint {
  return {
    path: readinessPath,
    answer: () => {
      const reasons = health.notReadyReasons();
      return reasons.length === 0 ? json(200, { ready: true }) : json(503, { ready: false, reasons });
    },
  };
}

function json(status: number, content: object): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}
