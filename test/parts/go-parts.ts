import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePart } from './cache.ts';
import { run } from './run.ts';

const KUBERNETES_VERSION = '1.36.3';
const KWOK_VERSION = '0.7.0';
const METADATA_MOCK_VERSION = '1.13.0';

/** The machine's own Go, whatever a go.mod would like to download; no C compiler needed. */
const GO_ENVIRONMENT = { GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };

const CONTROL_PLANE = {
  etcd: {
    part: 'etcd-for-kubernetes',
    path: 'go.etcd.io/etcd/server/v3',
    takes: 'about 40 seconds',
  },
  'kube-apiserver': {
    part: 'kube-apiserver',
    path: 'k8s.io/kubernetes/cmd/kube-apiserver',
    takes: 'about 5 minutes',
  },
  'kube-controller-manager': {
    part: 'kube-controller-manager',
    path: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    takes: 'about 90 seconds',
  },
  'kube-scheduler': {
    part: 'kube-scheduler',
    path: 'k8s.io/kubernetes/cmd/kube-scheduler',
    takes: 'about 15 seconds',
  },
} as const;

export async function ensureEtcd(): Promise<string> {
  return ensureControlPlane('etcd');
}

export async function ensureKubeApiServer(): Promise<string> {
  return ensureControlPlane('kube-apiserver');
}

export async function ensureKubeControllerManager(): Promise<string> {
  return ensureControlPlane('kube-controller-manager');
}

export async function ensureKubeScheduler(): Promise<string> {
  return ensureControlPlane('kube-scheduler');
}

/** Kubelets of made-up nodes. */
export async function ensureKwok(): Promise<string> {
  return ensureInstalled('kwok', KWOK_VERSION, 'sigs.k8s.io/kwok/cmd/kwok', 'about 2 minutes');
}

export async function ensureEc2MetadataMock(): Promise<string> {
  const path = 'github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock';
  return ensureInstalled('ec2-metadata-mock', METADATA_MOCK_VERSION, path, 'about 20 seconds');
}

async function ensureControlPlane(binary: keyof typeof CONTROL_PLANE): Promise<string> {
  const { part, path, takes } = CONTROL_PLANE[binary];
  const build = async (folder: string): Promise<void> => {
    const cwd = await ensureControlPlaneModule();
    const args = [
      'build',
      '-mod=readonly',
      '-trimpath',
      '-ldflags',
      linkerFlags(),
      '-o',
      join(folder, binary),
      path,
    ];
    await run('go', args, { cwd, env: GO_ENVIRONMENT });
  };
  return join(await ensurePart({ name: part, version: KUBERNETES_VERSION, takes, build }), binary);
}

/** Without a version the API server calls itself v0.0.0-master, and clients that look at it are misled. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const values = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...settings].join(' ');
}

/** A Go module of our own that pins the whole control plane. */
async function ensureControlPlaneModule(): Promise<string> {
  const build = async (folder: string): Promise<void> => {
    const options = { cwd: folder, env: GO_ENVIRONMENT };
    const goMod = join(folder, 'go.mod');
    await writeFile(goMod, 'module parts\n');
    const answer = await run(
      'go',
      ['mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES_VERSION}`],
      options,
    );
    const { GoMod } = JSON.parse(answer) as { GoMod: string };
    await writeFile(goMod, ourGoMod(await readFile(GoMod, 'utf8')));
    await writeFile(join(folder, 'tools.go'), toolsGo());
    await run('go', ['mod', 'tidy', '-e'], options);
  };
  const part = {
    name: 'control-plane-module',
    version: KUBERNETES_VERSION,
    takes: 'about 30 seconds',
    build,
  };
  return ensurePart(part);
}

/**
 * k8s.io/kubernetes can't be required as it is: its go.mod points its staging modules to folders of its own
 * repository. They are published too, under the same minor and patch version with major 0.
 */
function ourGoMod(kubernetesGoMod: string): string {
  const goVersion = /^go (?<version>\S+)/mu.exec(kubernetesGoMod)?.groups?.['version'];
  const published = KUBERNETES_VERSION.replace(/^1\./u, 'v0.');
  const staged = [...kubernetesGoMod.matchAll(/^\s*(?:replace )?(?<path>\S+) => \.\/staging\//gmu)];
  const lines = [
    'module parts',
    `go ${goVersion}`,
    `require k8s.io/kubernetes v${KUBERNETES_VERSION}`,
    ...staged.map(({ groups }) => `replace ${groups?.['path']} => ${groups?.['path']} ${published}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The imports that `go mod tidy` keeps: main packages, and for etcd the one that its main package stands on. */
function toolsGo(): string {
  const paths = [
    ...Object.values(CONTROL_PLANE).map(({ path }) => path),
    'go.etcd.io/etcd/server/v3/etcdmain',
  ];
  return `//go:build tools\n\npackage parts\n\nimport (\n${paths.map((path) => `\t_ "${path}"\n`).join('')})\n`;
}

async function ensureInstalled(name: string, version: string, path: string, takes: string): Promise<string> {
  const build = async (folder: string): Promise<void> => {
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `${path}@v${version}`];
    await run('go', args, { env: { ...GO_ENVIRONMENT, GOBIN: folder } });
  };
  return join(await ensurePart({ name, version, takes, build }), name);
}
