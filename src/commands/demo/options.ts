import { parseArgs } from 'node:util';
import { suggestion } from '../../config/did-you-mean.ts';
import { parseHttpUrl } from '../../config/urls.ts';

export interface DemoOptions {
  /** A metadata service to watch in place of the embedded one. */
  readonly imdsUrl: string | undefined;
  /** A real cluster, where everything is dry run; undefined = the embedded one. */
  readonly cluster: { readonly kubeconfigPath: string; readonly nodeName: string } | undefined;
  /** Everything that only takes time takes a fifth of it. */
  readonly fast: boolean;
}

export type ParsedOptions =
  | { readonly type: 'options'; readonly options: DemoOptions }
  | { readonly type: 'help' }
  | { readonly type: 'problem'; readonly line: string };

export const demoHelp = `Usage: npm run demo -- [flags]

Shows in about 20 seconds how a Spot notice drains a node: the real daemon, with an embedded metadata service (IMDS)
and an embedded Kubernetes API server. Nothing outside this machine is touched.

  --kubeconfig FILE   play on the real cluster of this kubeconfig instead, always as a dry run: nothing is written
  --node-name NAME    the node of that cluster to play with, as "kubectl get nodes" shows it
  --imds URL          wait for a notice of this metadata service instead of the embedded one's, for example
                      amazon-ec2-metadata-mock's http://127.0.0.1:1338
  --fast              five times faster, without pauses for reading
  --help              print this help
`;

const flags = {
  imds: { type: 'string' },
  kubeconfig: { type: 'string' },
  'node-name': { type: 'string' },
  fast: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @param argv the arguments after the program's name */
export function parseOptions(argv: readonly string[]): ParsedOptions {
  const { values, tokens } = parseArgs({ args: [...argv], options: flags, strict: false, tokens: true });
  for (const token of tokens) {
    const line = token.kind === 'option' ? flagProblem(token) : strayProblem(token);
    if (line !== undefined) return { type: 'problem', line };
  }
  if (values.help === true) return { type: 'help' };
  const { imds, kubeconfig, 'node-name': nodeName, fast } = values as Record<string, string | undefined>;
  if (imds !== undefined && parseHttpUrl(imds) === undefined) {
    return problem(`Cannot use --imds "${imds}": expected a URL such as http://127.0.0.1:1338`);
  }
  if (kubeconfig !== undefined && nodeName === undefined) {
    return problem(
      'Cannot use --kubeconfig without --node-name: name a node as "kubectl get nodes" shows it',
    );
  }
  if (nodeName !== undefined && kubeconfig === undefined) {
    return problem('Cannot use --node-name without --kubeconfig: the embedded cluster has its own nodes');
  }
  const cluster =
    kubeconfig === undefined ? undefined : { kubeconfigPath: kubeconfig, nodeName: nodeName ?? '' };
  return { type: 'options', options: { imdsUrl: imds, cluster, fast: fast !== undefined } };
}

function problem(line: string): ParsedOptions {
  return { type: 'problem', line };
}

function flagProblem({
  name,
  rawName,
  value,
}: {
  name: string;
  rawName: string;
  value?: string | undefined;
}) {
  if (!isFlag(name)) return `Unknown flag "${rawName}": ${suggestion(name, Object.keys(flags), '--')}`;
  if (flags[name].type === 'boolean') {
    return value === undefined ? undefined : `Cannot use ${rawName} "${value}": expected no value`;
  }
  const isMissing = value === undefined || value === '' || value.startsWith('-');
  return isMissing ? `Cannot use ${rawName}: expected a value after the flag` : undefined;
}

function strayProblem(token: { kind: string; value?: string }): string | undefined {
  return token.kind === 'positional'
    ? `Unexpected argument "${token.value}": expected flags only`
    : undefined;
}

function isFlag(name: string): name is keyof typeof flags {
  return Object.hasOwn(flags, name);
}
