// What `helm test` runs: every daemon of the release answers its probe, and has metrics.
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const { NAMESPACE, SELECTOR, PROBES, METRICS, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const bracketed = (host) => (host.includes(':') ? `[${host}]` : host);

function get(url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).get(url, { timeout: 5000, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 5 s')));
    request.on('error', reject);
  });
}

async function pods() {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${encodeURIComponent(SELECTOR)}`;
  const { status, body } = await get(
    `https://${bracketed(KUBERNETES_SERVICE_HOST)}:${KUBERNETES_SERVICE_PORT}${path}`,
    {
      ca: readFileSync(`${account}/ca.crt`),
      headers: { authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8').trim()}` },
    },
  );
  if (status !== 200) throw new Error(`Cannot list the pods: ${status} ${body}`);
  return JSON.parse(body).items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

async function trouble({ metadata, status }) {
  if (status.phase !== 'Running' || !status.podIP) return `${metadata.name}: ${status.phase}`;
  const wanted = [
    { path: PROBES, holds: '' },
    { path: METRICS, holds: 'events_error_total' },
  ];
  for (const { path, holds } of wanted.filter(({ path }) => path)) {
    const url = `http://${bracketed(status.podIP)}:${path}`;
    const answer = await get(url).catch((error) => ({ status: error.message, body: '' }));
    if (answer.status !== 200 || !answer.body.includes(holds)) {
      return `${metadata.name}: ${url} answers ${answer.status} ${answer.body.slice(0, 200)}`;
    }
  }
  return undefined;
}

async function main() {
  const found = await pods();
  if (found.length === 0) throw new Error(`There is no pod with the labels ${SELECTOR}`);
  const troubles = (await Promise.all(found.map(trouble))).filter((text) => text !== undefined);
  for (const text of troubles) process.stdout.write(`${text}\n`);
  process.stdout.write(`${found.length - troubles.length} of ${found.length} daemons answer\n`);
  return troubles.length === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stdout.write(`${error.message}\n`);
    process.exit(1);
  },
);
