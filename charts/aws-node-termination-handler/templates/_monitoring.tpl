{{/* Of objects that a monitoring system reads, which may want them in its own namespace and with its own labels. */}}
{{- define "node-termination-handler.monitoring-metadata" -}}
{{- $root := index . 0 }}
{{- $settings := index . 1 -}}
name: {{ include "node-termination-handler.fullname" $root }}
namespace: {{ include "node-termination-handler.namespace" (list $root $settings.namespace) }}
labels:
  {{- toYaml (merge dict ($settings.labels | default dict) (include "node-termination-handler.component-labels" $root | fromYaml)) | nindent 2 }}
{{- end }}
