{{/* What the daemon asks of the API server; docs/kubernetes-api.md says when. Only NTH's own rules are indispensable. */}}

{{- define "node-termination-handler.rules" -}}
{{- if include "node-termination-handler.queue-mode" . -}}
# Find the node of an instance, which one watch of all nodes tells; cordon, taint, label and annotate it, and take that back.
- apiGroups: ['']
  resources: [nodes]
  verbs: [get, list, watch, patch]
{{- else -}}
# Read the own node and its marks; cordon, taint, label and annotate it, and take that back.
- apiGroups: ['']
  resources: [nodes]
  verbs: [get, patch]
{{- end }}
{{- if include "node-termination-handler.is" .Values.nodeConditions }}
# nodeConditions: tell of an interruption and its drain.
- apiGroups: ['']
  resources: [nodes/status]
  verbs: [patch]
{{- end }}
# Which pods are on the node, and at once when one is gone; get: whether one is still the same where an eviction met a conflict.
- apiGroups: ['']
  resources: [pods]
  verbs: [get, list, watch]
# Ask a pod to leave, within its disruption budgets.
- apiGroups: ['']
  resources: [pods/eviction]
  verbs: [create]
# Before the machine's end: shut down a pod that its budget still holds, so that it is not cut off.
- apiGroups: ['']
  resources: [pods]
  verbs: [delete]
# So that a Job does not count such a pod as failed.
- apiGroups: ['']
  resources: [pods/status]
  verbs: [patch]
# Whether a pod's DaemonSet still exists: the pods of a deleted one leave.
- apiGroups: [apps]
  resources: [daemonsets]
  verbs: [get]
# Which budget holds a pod, and when it lets it go.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch]
# After the last pod: until its volumes are detached.
- apiGroups: [storage.k8s.io]
  resources: [volumeattachments]
  verbs: [list, watch]
{{- if include "node-termination-handler.is" .Values.emitKubernetesEvents }}
# emitKubernetesEvents: what happens is told on the Node; a repetition is a count.
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- if include "node-termination-handler.is" (include "node-termination-handler.option" (list . "read-namespace-annotations" "NTH_READ_NAMESPACE_ANNOTATIONS")) }}
# read-namespace-annotations: the wishes of a namespace hold for its pods.
- apiGroups: ['']
  resources: [namespaces]
  verbs: [get]
{{- end }}
{{- end }}
