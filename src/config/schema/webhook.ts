import type { Section } from './definition.ts';

export const webhook = {
  title: 'Webhook',
  options: {
    'webhook-url': {
      doc: 'URL to which each interruption is posted after it was handled. Empty: nothing is posted.',
      format: 'http-url',
      default: '',
      env: 'WEBHOOK_URL',
      sensitive: true,
      notYetEffective: true,
    },
    'webhook-proxy': {
      doc: 'Proxy for the webhook, `http://host:port` or `tcp://host:port`; HTTP_PROXY and HTTPS_PROXY are not used for it.',
      format: 'proxy-url',
      default: '',
      env: 'WEBHOOK_PROXY',
      sensitive: true,
      notYetEffective: true,
    },
    'webhook-headers': {
      doc: 'Headers of the webhook, as a JSON object of texts. Replaces the default.',
      format: 'headers',
      default: '{"Content-type":"application/json"}',
      env: 'WEBHOOK_HEADERS',
      sensitive: true,
      notYetEffective: true,
    },
    'webhook-template': {
      doc: 'Body of the webhook, in the syntax of Go templates.',
      format: 'text',
      default:
        '{"text":"[NTH][Instance Interruption] EventID: {{ .EventID }} - Kind: {{ .Kind }} - Instance: {{ .InstanceID }} - ' +
        'Node: {{ .NodeName }} - Description: {{ .Description }} - Start Time: {{ .StartTime }}"}',
      env: 'WEBHOOK_TEMPLATE',
      notYetEffective: true,
    },
    'webhook-template-file': {
      doc: 'File with the body of the webhook; wins over `webhook-template` and is read again for each post.',
      format: 'text',
      default: '',
      env: 'WEBHOOK_TEMPLATE_FILE',
      notYetEffective: true,
    },
  },
} as const satisfies Section;
