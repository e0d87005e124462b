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
    },
    'webhook-proxy': {
      doc: 'Proxy for the webhook, `http://host:port` or `tcp://host:port`; HTTP_PROXY and HTTPS_PROXY are not used for it.',
      format: 'proxy-url',
      default: '',
      env: 'WEBHOOK_PROXY',
      sensitive: true,
    },
    'webhook-headers': {
      doc: 'Headers of the webhook, as a JSON object of texts. Replaces the default.',
      format: 'headers',
      default: '{"Content-type":"application/json"}',
      env: 'WEBHOOK_HEADERS',
      sensitive: true,
    },
    'webhook-template': {
      doc: 'Body of the webhook, in the syntax of Go templates.',
      format: 'text',
      default:
        '{"text":"[NTH][Instance Interruption] EventID: {{ .EventID }} - Kind: {{ .Kind }} - Instance: {{ .InstanceID }} - ' +
        'Node: {{ .NodeName }} - Description: {{ .Description }} - Start Time: {{ .StartTime }}"}',
      env: 'WEBHOOK_TEMPLATE',
    },
    'webhook-template-file': {
      doc: 'File with the body of the webhook; wins over `webhook-template` and is read again for each post.',
      format: 'text',
      default: '',
      env: 'WEBHOOK_TEMPLATE_FILE',
    },
    'webhook-events': {
      doc:
        'When it is posted: `received` (an interruption is known), `done` (the node is drained, or marked where that is all), ' +
        '`failed` (it is not). NTH posts after the attempt, whether it succeeded or not.',
      format: 'list',
      choices: ['received', 'done', 'failed'],
      default: 'done,failed',
      env: 'NTH_WEBHOOK_EVENTS',
      ours: true,
    },
    'webhook-in-dry-run': {
      doc: 'Post the webhook in a dry run as well.',
      format: 'go-bool',
      default: false,
      env: 'NTH_WEBHOOK_IN_DRY_RUN',
      ours: true,
    },
  },
} as const satisfies Section;
