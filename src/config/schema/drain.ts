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
    'drain-escalation': {
      doc:
        "What becomes of a pod whose eviction is refused until the latest instant at which its grace period still fits before the machine's end: " +
        '`evict` goes on asking, `evict-then-delete` deletes it then, which no disruption budget can refuse, so that it is shut down and not cut off, ' +
        '`delete` deletes from the start. Budgets are always respected where the deadline is not the end of the machine.',
      format: 'choice',
      choices: ['evict', 'evict-then-delete', 'delete'],
      default: 'evict-then-delete',
      env: 'NTH_DRAIN_ESCALATION',
      ours: true,
    },
    'drain-margin-seconds': {
      doc: 'Seconds between the end of the last grace period and the deadline, for the API server, the kubelet, and clocks that differ.',
      format: 'integer',
      default: 5,
      min: 0,
      max: 600,
      env: 'NTH_DRAIN_MARGIN_SECONDS',
      ours: true,
    },
    'honor-do-not-disrupt': {
      doc:
        'Keep pods with the annotation `cluster-autoscaler.kubernetes.io/safe-to-evict: "false"` or `karpenter.sh/do-not-disrupt: "true"` ' +
        'for as long as the deadline allows. Off, as with NTH: they leave with the others.',
      format: 'go-bool',
      default: false,
      env: 'NTH_HONOR_DO_NOT_DISRUPT',
      ours: true,
    },
    'read-namespace-annotations': {
      doc:
        'Let the annotations of a namespace hold for its pods, where these have none of their own. ' +
        'Off: it takes one more request for each namespace of a drain, and the right to get namespaces.',
      format: 'go-bool',
      default: false,
      env: 'NTH_READ_NAMESPACE_ANNOTATIONS',
      ours: true,
    },
    'wait-for-volume-detach': {
      doc:
        'After the last pod, wait for its persistent volumes to be detached from the node, as long as the deadline allows, ' +
        'so that the pods that replace them can attach them at once.',
      format: 'go-bool',
      default: true,
      env: 'NTH_WAIT_FOR_VOLUME_DETACH',
      ours: true,
    },
  },
} as const satisfies Section;
