import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the server puts the certificate that it makes for itself. */
export const CERTIFICATES = 'certificates';
const PRIVATE_KEY = 'service-account.key';
const PUBLIC_KEY = 'service-account.pub';
const TOKENS = 'tokens.csv';
const AUDIT_POLICY = 'audit-policy.json';
/** Larger than any test writes, since a rotated log would no longer be where it is read. */
const AUDIT_LOG_MEGABYTES = 10_000;

/** Writes the files that the flags name. Every user of `tokens` is a member of system:masters. */
export function writeSettings(
  folder: string,
  tokens: ReadonlyMap<string, string>,
  auditPolicy: string,
): void {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const users = [...tokens].map(([user, token]) => `${token},${user},${user},system:masters`);
  writeFileSync(join(folder, PRIVATE_KEY), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  writeFileSync(join(folder, PUBLIC_KEY), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, TOKENS), users.join('\n'), { mode: 0o600 });
  writeFileSync(join(folder, AUDIT_POLICY), auditPolicy);
}

export function apiServerFlags(
  folder: string,
  ports: { api: number; etcd: number },
  auditLogPath: string,
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    `--cert-dir=${join(folder, CERTIFICATES)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(folder, PUBLIC_KEY)}`,
    `--service-account-signing-key-file=${join(folder, PRIVATE_KEY)}`,
    `--token-auth-file=${join(folder, TOKENS)}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
    // It taints new nodes not-ready; who would take that off, the node lifecycle controller, is not here.
    '--disable-admission-plugins=TaintNodesByCondition',
    `--audit-policy-file=${join(folder, AUDIT_POLICY)}`,
    `--audit-log-path=${auditLogPath}`,
    `--audit-log-maxsize=${AUDIT_LOG_MEGABYTES}`,
  ];
}
