import type { Section } from './definition.ts';

export const kubernetes = {
  title: 'Kubernetes API',
  intro:
    'Unset, `kube-api-qps` and `kube-api-burst` limit nothing: requests are bounded by `kube-api-concurrency` and by what ' +
    "the API server itself pushes back. NTH's default of 5 requests a second is why it takes 22 seconds to ask 100 pods to leave.",
  options: {
    'kubernetes-service-host': {
      doc: 'Host of the API server; Kubernetes sets the variable in every pod. An IPv6 address is written without brackets.',
      format: 'text',
      default: '',
      env: 'KUBERNETES_SERVICE_HOST',
    },
    'kubernetes-service-port': {
      doc: 'Port of the API server; Kubernetes sets the variable in every pod. Empty: 443.',
      format: 'port-text',
      default: '',
      env: 'KUBERNETES_SERVICE_PORT',
    },
    kubeconfig: {
      doc: "Path of a kubeconfig file. Empty: the pod's service account, and outside of a cluster what kubectl would use.",
      format: 'text',
      default: '',
      env: 'NTH_KUBECONFIG',
      ours: true,
    },
    'kube-api-qps': {
      doc:
        'Requests per second to the API server. Limits only when it is set: unset, this default of NTH is not used. ' +
        '0 or negative: no limit.',
      format: 'integer',
      default: 5,
      env: 'KUBE_API_QPS',
      effectiveOnlyWhenSet: true,
    },
    'kube-api-burst': {
      doc: 'Requests that may be sent at once before `kube-api-qps` limits them; without effect unless that is set.',
      format: 'integer',
      default: 10,
      env: 'KUBE_API_BURST',
      effectiveOnlyWhenSet: true,
    },
    'kube-api-concurrency': {
      doc:
        'Requests to the API server that may be under way at the same time. The default asks the pods of a node all but at once ' +
        'and is small beside the 200 changing requests that an API server by default has in work. In queue mode 40 unless set.',
      format: 'integer',
      default: 20,
      min: 1,
      max: 1000,
      env: 'NTH_KUBE_API_CONCURRENCY',
      ours: true,
    },
    'use-apiserver-cache': {
      doc: "List pods from the API server's cache (`resourceVersion=0`), which may be a moment behind, to spare etcd.",
      format: 'go-bool',
      default: false,
      env: 'USE_APISERVER_CACHE',
    },
  },
} as const satisfies Section;
