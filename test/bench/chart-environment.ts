/** The kinds that are watched for, as the chart's values turn them on. */
export const chartKinds = {
  ENABLE_SPOT_INTERRUPTION_DRAINING: 'true',
  ENABLE_SCHEDULED_EVENT_DRAINING: 'true',
  ENABLE_ASG_LIFECYCLE_DRAINING: 'true',
  ENABLE_REBALANCE_MONITORING: 'false',
};
export const allKinds = { ...chartKinds, ENABLE_REBALANCE_MONITORING: 'true' };

/** What the chart's DaemonSet gives to the daemon by default, with both servers turned on; test/chart compares them. */
export function chartEnvironment(options: {
  readonly node: string;
  readonly metadataUrl: string;
  readonly apiServer: URL;
  readonly ports: { readonly probes: number; readonly metrics: number };
}): Record<string, string> {
  const { node, metadataUrl, apiServer, ports } = options;
  return {
    // Set by Kubernetes.
    KUBERNETES_SERVICE_HOST: apiServer.hostname,
    KUBERNETES_SERVICE_PORT: apiServer.port,
    NODE_NAME: node,
    POD_NAME: 'aws-node-termination-handler-x7k2p',
    NAMESPACE: 'kube-system',
    INSTANCE_METADATA_URL: metadataUrl,
    ENABLE_PROBES_SERVER: 'true',
    PROBES_SERVER_PORT: String(ports.probes),
    PROBES_SERVER_ENDPOINT: '/healthz',
    ENABLE_PROMETHEUS_SERVER: 'true',
    PROMETHEUS_SERVER_PORT: String(ports.metrics),
    LOG_LEVEL: 'info',
    JSON_LOGGING: 'false',
    LOG_FORMAT_VERSION: '1',
    ENABLE_SQS_TERMINATION_DRAINING: 'false',
    METADATA_TRIES: '3',
    DRY_RUN: 'false',
    CORDON_ONLY: 'false',
    TAINT_NODE: 'false',
    ENABLE_OUT_OF_SERVICE_TAINT: 'false',
    EXCLUDE_FROM_LOAD_BALANCERS: 'false',
    DELETE_LOCAL_DATA: 'true',
    IGNORE_DAEMON_SETS: 'true',
    POD_TERMINATION_GRACE_PERIOD: '-1',
    NODE_TERMINATION_GRACE_PERIOD: '120',
    EMIT_KUBERNETES_EVENTS: 'false',
    NTH_NODE_CONDITIONS: 'true',
    UPTIME_FROM_FILE: '/proc/uptime',
    ENABLE_REBALANCE_DRAINING: 'false',
    ...chartKinds,
  };
}
