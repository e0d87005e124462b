import type { Section } from './definition.ts';

export const logging = {
  title: 'Logs',
  options: {
    'log-level': {
      doc: 'Least severe level that is logged: `debug`, `info` or `error`, in any case.',
      format: 'log-level',
      default: 'INFO',
      env: 'LOG_LEVEL',
    },
    'json-logging': {
      doc: 'Log one JSON object per line instead of plain text.',
      format: 'go-bool',
      default: false,
      env: 'JSON_LOGGING',
    },
    'log-format-version': {
      doc: "Version of the log texts' format, 1 or 2; the nearest of them where it is neither, with a warning.",
      format: 'integer',
      default: 1,
      env: 'LOG_FORMAT_VERSION',
    },
  },
} as const satisfies Section;

export const http = {
  title: 'Metrics, probes and the status page',
  intro:
    'All listen on all IPv4 and IPv6 addresses, as one server where the ports are equal. Port 0 is any free port.',
  options: {
    'enable-prometheus-server': {
      doc: 'Serve metrics at `/metrics`.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_PROMETHEUS_SERVER',
    },
    'prometheus-server-port': {
      doc: 'TCP port of the metrics server.',
      format: 'port',
      default: 9092,
      env: 'PROMETHEUS_SERVER_PORT',
    },
    'enable-probes-server': {
      doc: 'Serve the liveness probe, and readiness at `/readyz`.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_PROBES_SERVER',
    },
    'probes-server-port': {
      doc: 'TCP port of the probes server.',
      format: 'port',
      default: 8080,
      env: 'PROBES_SERVER_PORT',
    },
    'probes-server-endpoint': {
      doc: 'Path of the liveness probe.',
      format: 'url-path',
      default: '/healthz',
      env: 'PROBES_SERVER_ENDPOINT',
    },
    'enable-status-page': {
      doc:
        'Serve the status page at `/status`, and as JSON at `/status.json`, on the port of the probes. Where this is not set ' +
        "it is served in queue mode and not in IMDS mode, whose port is open on the host's network.",
      format: 'go-bool',
      default: false,
      env: 'NTH_ENABLE_STATUS_PAGE',
      effectiveOnlyWhenSet: true,
      ours: true,
    },
  },
} as const satisfies Section;

export const events = {
  title: 'Kubernetes events and node conditions',
  options: {
    'emit-kubernetes-events': {
      doc: 'Put what happens on the Node object as Kubernetes events.',
      format: 'go-bool',
      default: false,
      env: 'EMIT_KUBERNETES_EVENTS',
    },
    'kubernetes-events-extra-annotations': {
      doc: 'Annotations added to these events, `key=value,key=value`.',
      format: 'annotations',
      default: '',
      env: 'KUBERNETES_EVENTS_EXTRA_ANNOTATIONS',
    },
    'node-conditions': {
      doc:
        "Tell of an interruption and its drain by the Node's conditions MaintenancePlanned, DrainInProgress, Drained and " +
        'MaintenanceInProgress. Needs the right to patch nodes/status, which the chart gives, where this is on; off here, so ' +
        "that whoever changes NTH's image only has no request more.",
      format: 'go-bool',
      default: false,
      env: 'NTH_NODE_CONDITIONS',
      ours: true,
    },
  },
} as const satisfies Section;
