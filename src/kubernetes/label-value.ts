/** The longest value of a label or taint that Kubernetes takes. */
const longestValue = 63;

/**
 * Makes of it what a label or taint value may be: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both
 * ends. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function labelValue(value: string): string {
  const allowed = value.slice(0, longestValue).replace(/[^-A-Za-z0-9_.]/g, '-');
  return allowed.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
