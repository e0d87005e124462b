{{/* Names and labels. Selectors can't be changed by an upgrade: they are those of AWS Node Termination Handler's chart. */}}

{{- define "node-termination-handler.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "node-termination-handler.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $unique := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $unique | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The two DaemonSets are in one namespace. */}}
{{- define "node-termination-handler.fullname-windows" -}}
{{ include "node-termination-handler.fullname" . | trunc 59 | trimSuffix "-" }}-win
{{- end }}

{{- define "node-termination-handler.service-account-name" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}
{{- else if include "node-termination-handler.is" .Values.serviceAccount.create }}{{ include "node-termination-handler.fullname" . }}
{{- else }}default
{{- end }}
{{- end }}

{{/* Context: a dict of root and os. */}}
{{- define "node-termination-handler.image" -}}
{{- $tag := printf "v%s%s" .root.Chart.AppVersion (ternary "-windows-amd64" "" (eq .os "windows")) }}
{{- .root.Values.image.repository }}:{{ .root.Values.image.tag | default $tag }}
{{- end }}

{{- define "node-termination-handler.component" -}}
{{ if include "node-termination-handler.queue-mode" . }}deployment{{ else }}daemonset{{ end }}
{{- end }}

{{- define "node-termination-handler.selector-labels" -}}
app.kubernetes.io/component: {{ include "node-termination-handler.component" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: {{ include "node-termination-handler.name" . }}
{{- end }}

{{/* Of all objects. */}}
{{- define "node-termination-handler.labels" -}}
{{- $labels := dict
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/name" (include "node-termination-handler.name" .)
  "app.kubernetes.io/part-of" (include "node-termination-handler.name" .)
  "app.kubernetes.io/version" .Chart.AppVersion
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
}}
{{- toYaml (merge $labels (.Values.customLabels | default dict)) }}
{{- end }}

{{/* Of the objects that are there for one of the modes. */}}
{{- define "node-termination-handler.component-labels" -}}
{{- $labels := dict "app.kubernetes.io/component" (include "node-termination-handler.component" .) }}
{{- toYaml (merge $labels (include "node-termination-handler.labels" . | fromYaml)) }}
{{- end }}

{{/* Of an object that may be in another namespace. Context: a list of the chart's context and the namespace wanted. */}}
{{- define "node-termination-handler.namespace" -}}
{{ index . 1 | default (index . 0).Release.Namespace }}
{{- end }}
