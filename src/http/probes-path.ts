import { metricsPath, readinessPath } from './endpoints.ts';

export interface ProbesPathOptions {
  readonly metricsPort?: number | undefined;
  readonly probesPort?: number | undefined;
  readonly probesPath: string;
}

/** What is wrong with the path of the liveness probe (`probes-server-endpoint`), or undefined. */
export function probesPathProblem({
  metricsPort,
  probesPort,
  probesPath,
}: ProbesPathOptions): string | undefined {
  if (probesPort === undefined) return undefined;
  // What a path may hold (RFC 3986), but for percent signs and the ":" and "*" that mean patterns to the router.
  if (!/^\/[\w\-.~!$&'()+,;=@/]*$/u.test(probesPath)) {
    return 'must start with "/" and hold only letters, digits and -._~!$&\'()+,;=@/';
  }
  if (probesPath === readinessPath)
    return `must differ from "${readinessPath}", the path of the readiness probe`;
  if (probesPath === metricsPath && probesPort === metricsPort) {
    return `must differ from "${metricsPath}" where "probes-server-port" equals "prometheus-server-port"`;
  }
  return undefined;
}
