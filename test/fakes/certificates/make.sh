#!/usr/bin/env bash
# Makes the two pairs of this folder anew. Needs openssl 3.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
touch "$scratch/index"
cat >"$scratch/ca.cnf" <<'CNF'
[ca]
default_ca = test
[test]
database = $ENV::SCRATCH/index
new_certs_dir = $ENV::SCRATCH
default_md = sha256
policy = anything
rand_serial = yes
[anything]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
CNF
export SCRATCH=$scratch
validity=(-startdate 20250101000000Z -enddate 21250101000000Z -notext -batch -config "$scratch/ca.cnf")
for pair in first second; do
  for part in authority server; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$scratch/$pair-$part.key"
    openssl req -new -key "$scratch/$pair-$part.key" -subj "/CN=$pair test $part" -out "$scratch/$part.csr"
    issuer=(-cert "$pair-authority.crt" -keyfile "$scratch/$pair-authority.key")
    if [ "$part" = authority ]; then issuer=(-selfsign -keyfile "$scratch/$pair-authority.key"); fi
    openssl ca "${validity[@]}" "${issuer[@]}" -extensions "$part" -in "$scratch/$part.csr" -out "$pair-$part.crt"
  done
  cp "$scratch/$pair-server.key" "$pair-server.key"
done
