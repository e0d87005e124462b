import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { ensureHelm, ensureHelm3 } from '../parts/npm-parts.ts';

export const chartFolder = fileURLToPath(
  new URL('../../charts/aws-node-termination-handler', import.meta.url),
);

export type Values = Readonly<Record<string, unknown>>;

export interface RenderOptions {
  /** @default 'nth' */
  readonly release?: string;
  /** @default 'kube-system' */
  readonly namespace?: string;
  /** @default '1.36.0' */
  readonly kubeVersion?: string;
  /** Also what `helm test` would run. @default false */
  readonly tests?: boolean;
  /** @default 4 */
  readonly helm?: 3 | 4;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm, with the values, where there are any, on its standard input. */
export async function helm(args: readonly string[], values: Values = {}, version = 4): Promise<Ended> {
  const program = version === 3 ? await ensureHelm3() : await ensureHelm();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // Helm may refuse its arguments before it reads.
  child.stdin.on('error', () => {}).end(JSON.stringify(values));
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject).once('close', ended.resolve);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended.promise, stdout, stderr };
}

/** The manifests that the chart makes of the values, as text. */
export async function renderText(values: Values = {}, options: RenderOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await template(values, options);
  if (code !== 0) throw new Error(`Cannot render the chart: ${stderr}`);
  return stdout;
}

/** What the chart says of values that it does not take. */
export async function refusal(values: Values, options: RenderOptions = {}): Promise<string> {
  const { code, stderr } = await template(values, options);
  if (code === 0) throw new Error(`The chart takes ${JSON.stringify(values)}`);
  return stderr;
}

export async function render(values: Values = {}, options: RenderOptions = {}): Promise<Manifest[]> {
  return parseManifests(await renderText(values, options));
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export function parseManifests(manifests: string): Manifest[] {
  return parseAllDocuments(manifests)
    .map((document) => {
      const [error] = document.errors;
      if (error) throw error;
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}

async function template(values: Values, options: RenderOptions): Promise<Ended> {
  const { release = 'nth', namespace = 'kube-system', kubeVersion = '1.36.0', tests = false } = options;
  const flags = ['--namespace', namespace, '--kube-version', kubeVersion, '--values', '-'];
  return helm(
    ['template', release, chartFolder, ...flags, ...(tests ? [] : ['--skip-tests'])],
    values,
    options.helm,
  );
}
