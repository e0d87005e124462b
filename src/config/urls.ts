/** The URL that a text is, where it is one of HTTP. */
export function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/**
 * A proxy as people write it: `http://host:port`, `host:port` as Go allows in HTTP_PROXY, and the `tcp://host:port`
 * of NTH's help, which means a plain HTTP proxy.
 */
export function parseProxyUrl(text: string): URL | undefined {
  const plain = text.replace(/^tcp:\/\//iu, 'http://');
  return parseHttpUrl(/^[a-z][a-z0-9+.-]*:\/\//iu.test(plain) ? plain : `http://${plain}`);
}

/** For printing a text that is, or was meant to be, a URL: nothing between the slashes and the last `@` of the host is shown. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/^(?<scheme>[a-z0-9+.-]*:?\/\/)?[^/?#]*@/giu, '$<scheme>(redacted)@');
}

/** Whether it has a region's form. https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
export function isRegion(text: string): boolean {
  return /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/u.test(text);
}

/**
 * The region in the host of a queue's URL: `sqs.<region>.amazonaws.com`, `<region>.queue.amazonaws.com`,
 * `vpce-...sqs.<region>.vpce.amazonaws.com`, FIPS and dual-stack endpoints, other partitions.
 * https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
 */
export function regionOfQueueUrl(queueUrl: string): string | undefined {
  const labels = parseHttpUrl(queueUrl)?.hostname.split('.') ?? [];
  return labels.find((label) => isRegion(label) && !label.startsWith('vpce-'));
}
