import { readFileSync } from 'node:fs';

/** The two pairs of test/fakes/certificates. */
export type CertificatePair = 'first' | 'second';

function read(file: string): string {
  return readFileSync(new URL(`../certificates/${file}`, import.meta.url), 'utf8');
}

/** The authority that a client of the pair's server has to trust, as PEM. */
export function authority(pair: CertificatePair): string {
  return read(`${pair}-authority.crt`);
}

export function serverCredentials(pair: CertificatePair): { cert: string; key: string } {
  return { cert: read(`${pair}-server.crt`), key: read(`${pair}-server.key`) };
}
