/**
 * Whether who asks would rather have OpenMetrics than Prometheus' text format. Prometheus names both, with what it
 * thinks of each; who names none gets the text format, which every reader knows.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function prefersOpenMetrics(accept: string): boolean {
  let openMetrics = 0;
  let text = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const values = new Map(parameters.map((parameter) => parameter.split('=', 2) as [string, string]));
    const quality = Number(values.get('q') ?? 1);
    if (!(quality >= 0)) continue;
    const version = values.get('version');
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      openMetrics = Math.max(openMetrics, quality);
    }
    if (type === 'text/plain' || type === 'text/*') text = Math.max(text, quality);
  }
  return openMetrics > 0 && openMetrics >= text;
}
