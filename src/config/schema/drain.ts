import type { Section } from './definition.ts';

export const drain = {
  title: 'Drain',
  options: {
    'cordon-only': {
      doc: 'Cordon the node but evict nothing, whatever the kind of interruption.',
      format: 'go-bool',
      default: false,
      env: 'CORDON_ONLY',
    },
    'ignore-daemon-sets': {
      doc: 'Leave the pods of DaemonSets on the node; their controller would put them back at once.',
      format: 'go-bool',
      default: true,
      env: 'IGNORE_DAEMON_SETS',
    },
    'delete-local-data': {
      doc: 'Evict also pods with an emptyDir volume, whose data are lost with the pod (as they are lost with the node).',
      format: 'go-bool',
      default: true,
      env: 'DELETE_LOCAL_DATA',
    },
    'pod-termination-grace-period': {
      doc: "Seconds that each pod gets to shut down. Negative: the pod's own `terminationGracePeriodSeconds`.",
      format: 'integer',
      default: -1,
      env: 'POD_TERMINATION_GRACE_PERIOD',
    },
    'grace-period': {
      doc: 'Seconds that each pod gets to shut down.',
      format: 'integer',
      default: -1,
      env: 'GRACE_PERIOD',
      replacedBy: 'pod-termination-grace-period',
    },
    'node-termination-grace-period': {
      doc:
        'Seconds after which a drain ends even though pods are left. 0: no limit. The deadline of a notice ends it as well, ' +
        'whichever comes first. The default is the two minutes that a Spot notice gives.',
      format: 'integer',
      default: 120,
      min: 0,
      env: 'NODE_TERMINATION_GRACE_PERIOD',
    },
  },
} as const satisfies Section;
