/** Where the daemon serves what, besides the liveness probe, whose path is an option. */
export const metricsPath = '/metrics';
export const readinessPath = '/readyz';

/** What a path may hold (RFC 3986), but for percent signs and the ":" and "*" that mean patterns to the router. */
export const plainPath = /^\/[\w\-.~!$&'()+,;=@/]*$/u;

/** For those who are told that theirs is none. */
export const plainPathExpectation =
  'a path that starts with "/", such as "/healthz", and holds only letters, digits and -._~!$&\'()+,;=@/';
