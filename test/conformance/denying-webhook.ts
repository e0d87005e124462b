import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { authority, serverCredentials } from '../fakes/api-server/certificates.ts';
import { HttpListener } from '../fakes/http-listener.ts';
import type { WebhookDenial } from './target.ts';

/** A real validating webhook that says no to everything. */
export async function startDenyingWebhook({ code, reason, message }: WebhookDenial) {
  const status = { code, message, ...(reason !== undefined && { reason }) };
  const server = createServer(serverCredentials('first'), (request, response) => {
    void json(request).then((body) => {
      const { uid } = (body as { request: { uid: string } }).request;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ ...review, response: { uid, allowed: false, status } }));
    });
  });
  const listener = new HttpListener(server, '127.0.0.1');
  await listener.listen();
  return {
    url: `https://127.0.0.1:${listener.port}/`,
    ca: authority('first'),
    close: async () => listener.close(),
  };
}

/** The object that makes an API server ask the webhook about evictions in the namespace. */
export function webhookConfiguration(namespace: string, webhook: { url: string; ca: string }) {
  return {
    metadata: { name: `guard-of-${namespace}` },
    webhooks: [
      {
        name: 'guard.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: { url: webhook.url, caBundle: Buffer.from(webhook.ca).toString('base64') },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods/eviction'] },
        ],
      },
    ],
  };
}
