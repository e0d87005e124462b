{{/* Values that have no effect, and what else may not be meant: told in the notes, since it is no error. */}}
{{- define "node-termination-handler.hints" -}}
{{- $isQueueMode := include "node-termination-handler.queue-mode" . }}
{{- $hasMetrics := include "node-termination-handler.serves-metrics" . }}
{{- if not (contains "/" .Values.image.repository) }}
  - image.repository is "{{ .Values.image.repository }}", without a registry: nodes must have that image.
{{- end }}
{{- if and (not $isQueueMode) (not (include "node-termination-handler.serves-probes" .)) }}
  - The probes are off: set enableProbesServer to true to have pods restarted that hang.
{{- end }}
{{- if and (include "node-termination-handler.is" (.Values.nodeRestriction | default dict).enabled) (not (include "node-termination-handler.restricts-nodes" .)) }}
  - nodeRestriction needs Kubernetes 1.30 or later, and a ServiceAccount of its own: there is no policy.
{{- end }}
{{- if and (include "node-termination-handler.is" (.Values.podMonitor | default dict).create) (or $isQueueMode (not $hasMetrics)) }}
  - podMonitor.create has no effect: it needs IMDS mode and enablePrometheusServer.
{{- end }}
{{- if and (include "node-termination-handler.is" (.Values.serviceMonitor | default dict).create) (or (not $isQueueMode) (not $hasMetrics)) }}
  - serviceMonitor.create has no effect: it needs queue mode and enablePrometheusServer.
{{- end }}
{{- if and (not $isQueueMode) .Values.queueURL }}
  - queueURL has no effect: enableSqsTerminationDraining is false.
{{- end }}
{{- if and .Values.webhookURL .Values.webhookURLSecretName }}
  - webhookURL has no effect: the Secret "{{ .Values.webhookURLSecretName }}" wins.
{{- end }}
{{- if ne (empty .Values.webhookTemplateConfigMapName) (empty .Values.webhookTemplateConfigMapKey) }}
  - webhookTemplateConfigMapName and webhookTemplateConfigMapKey have an effect only together.
{{- end }}
{{- if ne (empty .Values.awsAccessKeyID) (empty .Values.awsSecretAccessKey) }}
  - awsAccessKeyID and awsSecretAccessKey have an effect only together.
{{- end }}
{{- if and .Values.podDisruptionBudget (or (not $isQueueMode) (le (int .Values.replicas) 1)) }}
  - podDisruptionBudget has no effect: it needs queue mode and more replicas than one.
{{- end }}
{{- range (include "node-termination-handler.names" . | fromYaml).withoutEffect }}
{{- if hasKey $.Values . }}
  - {{ . }} is a value of old charts of AWS Node Termination Handler, without effect: take it out.
{{- end }}
{{- end }}
{{- end }}
