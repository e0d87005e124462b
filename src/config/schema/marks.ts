import type { Section } from './definition.ts';

export const marks = {
  title: 'Marks on the node',
  options: {
    'taint-node': {
      doc: 'Taint the node with a key that tells the kind of interruption (`aws-node-termination-handler/spot-itn`, ...).',
      format: 'go-bool',
      default: false,
      env: 'TAINT_NODE',
    },
    'taint-effect': {
      doc: 'Effect of these taints: `NoSchedule`, `PreferNoSchedule` or `NoExecute`. Anything else is warned about and means `NoSchedule`.',
      format: 'text',
      default: 'NoSchedule',
      env: 'TAINT_EFFECT',
    },
    'enable-out-of-service-taint': {
      doc:
        'After a drain that succeeded, taint the node with `node.kubernetes.io/out-of-service`, ' +
        'so that volumes are detached at once from an instance that ends. Never for one that only stops or reboots.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_OUT_OF_SERVICE_TAINT',
    },
    'exclude-from-load-balancers': {
      doc: 'Before a drain, label the node `node.kubernetes.io/exclude-from-external-load-balancers`, so that no new connections are sent to it.',
      format: 'go-bool',
      default: false,
      env: 'EXCLUDE_FROM_LOAD_BALANCERS',
    },
  },
} as const satisfies Section;
