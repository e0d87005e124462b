import type { Section } from './definition.ts';

export const general = {
  title: 'General',
  options: {
    'node-name': {
      doc: 'Name of the Kubernetes node this process runs on (`spec.nodeName` of the pod). Required, in queue mode too.',
      format: 'kubernetes-name',
      default: '',
      env: 'NODE_NAME',
      required: true,
    },
    'pod-name': {
      doc: "Name of the daemon's own pod, which no drain evicts; in queue mode it leaves its node last, where `pod-namespace` is set too.",
      format: 'kubernetes-name',
      default: '',
      env: 'POD_NAME',
    },
    'pod-namespace': {
      doc: "Namespace of the daemon's own pod. Empty: a pod named `pod-name` is spared in every namespace.",
      format: 'kubernetes-name',
      default: '',
      env: 'NAMESPACE',
    },
    'dry-run': {
      doc: 'Only log what would be done: nothing is written to the cluster, to the queue or to a webhook.',
      format: 'go-bool',
      default: false,
      env: 'DRY_RUN',
    },
    config: {
      doc:
        'Path of a configuration file, YAML or JSON, whose keys are the names of these options without the dashes in front. ' +
        'A flag or an environment variable wins over the file.',
      format: 'text',
      default: '',
      env: 'NTH_CONFIG',
      only: 'outside-file',
      ours: true,
    },
    help: {
      doc: 'Print this help and exit.',
      format: 'go-bool',
      default: false,
      only: 'flag',
      ours: true,
    },
    version: {
      doc: 'Print the version and exit.',
      format: 'go-bool',
      default: false,
      only: 'flag',
      ours: true,
    },
  },
} as const satisfies Section;
