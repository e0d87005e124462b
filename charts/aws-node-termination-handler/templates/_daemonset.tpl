{{/* One for each system. Context: a dict of root, os and name. */}}
{{- define "node-termination-handler.daemonset" -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "node-termination-handler.component-labels" .root | nindent 4 }}
spec:
  {{- with .root.Values.updateStrategy }}
  updateStrategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "node-termination-handler.pod-selector" . | nindent 6 }}
  template:
    {{- include "node-termination-handler.pod" . | nindent 4 }}
{{- end }}
