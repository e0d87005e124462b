import { errorText } from '../error-text.ts';
import { parseYamlOrJson, type ReadFile } from './file.ts';
import { oneLine } from './layer.ts';
import type { Settings } from './settings.ts';

/** Etcd itself takes no object that is longer, and a kubeconfig has to fit into a Secret. */
const maxKubeconfigBytes = 1024 * 1024;

/**
 * Refuses a kubeconfig that is missing, or that names no API server: who names a file wants no daemon that starts and
 * waits for one. What its user may do is seen when the API server is asked; a token may come later.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function checkKubeconfig(settings: Settings, readFile: ReadFile): Promise<void> {
  const path = settings.get('kubeconfig');
  if (path === '') return;
  const problem = await problemOf(path, readFile);
  if (problem !== undefined) settings.refuse('kubeconfig', `a kubeconfig file, but ${problem}`);
}

async function problemOf(path: string, readFile: ReadFile): Promise<string | undefined> {
  try {
    const text = await readFile(path, maxKubeconfigBytes + 1);
    if (Buffer.byteLength(text) > maxKubeconfigBytes) return `it is longer than ${maxKubeconfigBytes} bytes`;
    return whatIsMissing(await parseYamlOrJson(text));
  } catch (error) {
    return `it can't be read: ${oneLine(errorText(error))}`;
  }
}

function whatIsMissing(content: unknown): string | undefined {
  const current = memberOf(content, 'current-context');
  if (typeof current !== 'string' || current === '') return 'it has no current-context';
  const context = memberOf(namedIn(content, 'contexts', current), 'context');
  if (context === undefined) return 'none of its contexts is the current-context';
  const cluster = memberOf(namedIn(content, 'clusters', memberOf(context, 'cluster')), 'cluster');
  if (cluster === undefined) return "none of its clusters is the current context's";
  const server = memberOf(cluster, 'server');
  return typeof server === 'string' && URL.canParse(server)
    ? undefined
    : "the current context's cluster has no server that is a URL";
}

function namedIn(content: unknown, list: string, name: unknown): unknown {
  const entries = memberOf(content, list);
  return Array.isArray(entries) ? entries.find((entry) => memberOf(entry, 'name') === name) : undefined;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
