{{/* How values are read: NTH's users write booleans and numbers as strings too. */}}

{{/* "true" for what the daemon takes as true, else nothing. */}}
{{- define "node-termination-handler.is" -}}
{{- if has (toString .) (list "1" "t" "T" "TRUE" "true" "True") }}true{{ end }}
{{- end }}

{{/* A value as an environment variable has it. YAML's numbers are floats for templates, whose text may be 1e+06. */}}
{{- define "node-termination-handler.text" -}}
{{- if kindIs "invalid" . }}
{{- else if kindIs "float64" . }}{{ ternary (int64 .) . (eq (floor .) .) }}
{{- else if or (kindIs "map" .) (kindIs "slice" .) }}{{ toJson . }}
{{- else }}{{ . }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.queue-mode" -}}
{{ include "node-termination-handler.is" .Values.enableSqsTerminationDraining }}
{{- end }}

{{- define "node-termination-handler.runs-on-linux" -}}
{{- if and (not (include "node-termination-handler.queue-mode" .)) (contains "linux" (lower .Values.targetNodeOs)) }}true{{ end }}
{{- end }}

{{- define "node-termination-handler.runs-on-windows" -}}
{{- if and (not (include "node-termination-handler.queue-mode" .)) (contains "windows" (lower .Values.targetNodeOs)) }}true{{ end }}
{{- end }}

{{- define "node-termination-handler.serves-metrics" -}}
{{ include "node-termination-handler.is" .Values.enablePrometheusServer }}
{{- end }}

{{/* The Deployment always does. */}}
{{- define "node-termination-handler.serves-probes" -}}
{{- if or (include "node-termination-handler.queue-mode" .) (include "node-termination-handler.is" .Values.enableProbesServer) }}true{{ end }}
{{- end }}

{{/* An option of the daemon that has no value of its own. Context: a list of the chart's context, the option and its variable. */}}
{{- define "node-termination-handler.option" -}}
{{- $values := (index . 0).Values }}
{{- $variable := index . 2 }}
{{- $text := include "node-termination-handler.text" (get ($values.config | default dict) (index . 1)) }}
{{- range $values.extraEnv }}
{{- if eq (toString .name) $variable }}{{ $text = include "node-termination-handler.text" .value }}{{ end }}
{{- end }}
{{- $text }}
{{- end }}

{{/* Whether the cluster is of this version or a later one. Context: a list of the chart's context and the version. */}}
{{- define "node-termination-handler.kubernetes-from" -}}
{{- if semverCompare (printf ">=%s-0" (index . 1)) (index . 0).Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{/* Values of ours are missing where `helm upgrade --reuse-values` has those of a release of NTH's chart. */}}
{{- define "node-termination-handler.restricts-nodes" -}}
{{- $restriction := .Values.nodeRestriction | default (dict "enabled" true) }}
{{- $isOn := include "node-termination-handler.is" $restriction.enabled }}
{{- $isOurAccount := ne (include "node-termination-handler.service-account-name" .) "default" }}
{{- $hasPolicies := include "node-termination-handler.kubernetes-from" (list . "1.30.0") }}
{{- if and $isOn $isOurAccount $hasPolicies }}true{{ end }}
{{- end }}
