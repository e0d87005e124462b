{{/*
What NTH's chart would take and nobody can have meant: each is refused with a sentence. What works with NTH's chart is
not refused, so values that are merely without effect are only named in the notes.
*/}}

{{- define "node-termination-handler.checks" -}}
{{- $problems := list }}
{{- range list "names" "kinds" "options" "environment" "labels" "queue" "imds" "servers" "restriction" }}
{{- range include (print "node-termination-handler.checks." .) $ | splitList "\n" }}
{{- with trim . }}{{ $problems = append $problems . }}{{ end }}
{{- end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n\nThe values can't be used:\n  - %s\n" (join "\n  - " $problems)) }}
{{- end }}
{{- end }}

{{/* files/names.yaml has all names, made by `npm run docs`. */}}
{{- define "node-termination-handler.names" -}}
{{ .Files.Get "files/names.yaml" }}
{{- end }}

{{/*
" Did you mean X?" for a name that differs in case or punctuation only, else for the one whose beginning it shares the
longest. Context: name, known.
*/}}
{{- define "node-termination-handler.suggestion" -}}
{{- $plain := include "node-termination-handler.plain-name" .name }}
{{- $known := .known }}
{{- $found := "" }}
{{- range $known }}
{{- if eq (include "node-termination-handler.plain-name" .) $plain }}{{ $found = . }}{{ end }}
{{- end }}
{{- range $length := untilStep 32 5 -1 }}
{{- range $known }}
{{- if and (not $found) (hasPrefix (trunc $length $plain) (include "node-termination-handler.plain-name" .)) }}{{ $found = . }}{{ end }}
{{- end }}
{{- end }}
{{- if $found }} Did you mean "{{ $found }}"?{{ end }}
{{- end }}

{{- define "node-termination-handler.plain-name" -}}
{{ . | lower | replace "-" "" | replace "_" "" }}
{{- end }}

{{- define "node-termination-handler.checks.names" -}}
{{- $names := include "node-termination-handler.names" . | fromYaml }}
{{- $nested := $names.nested }}
{{- $known := concat (keys $names.values) $names.withoutEffect (list "global" "enabled") }}
{{- range $name := keys .Values | sortAlpha }}
{{- if not (has $name $known) }}
There is no value "{{ $name }}".{{ include "node-termination-handler.suggestion" (dict "name" $name "known" (keys $names.values | sortAlpha)) }}
{{- end }}
{{- end }}
{{- range $parent, $children := $nested }}
{{- $given := get $.Values $parent }}
{{- range $name := keys (ternary $given dict (kindIs "map" $given)) | sortAlpha }}
{{- if not (hasKey $children $name) }}
There is no value "{{ $parent }}.{{ $name }}".{{ include "node-termination-handler.suggestion" (dict "name" $name "known" (keys $children | sortAlpha)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.kinds" -}}
{{- $names := include "node-termination-handler.names" . | fromYaml }}
{{- include "node-termination-handler.kinds" (dict "values" .Values "kinds" $names.values "prefix" "") }}
{{- range $parent, $kinds := $names.nested }}
{{- include "node-termination-handler.kinds" (dict "values" (get $.Values $parent | default dict) "kinds" $kinds "prefix" (print $parent ".")) }}
{{- end }}
{{- end }}

{{/* The schema lets strings through, for which it has no words. Context: values, kinds by name, prefix of the names. */}}
{{- define "node-termination-handler.kinds" -}}
{{- $expected := dict
  "boolean" (list "^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$" "true or false")
  "integer" (list "^-?[0-9]+$" "a whole number")
  "port" (list "^[0-9]+$" "the number of a port")
  "url" (list "^https?://[^ ]+$" "a URL that begins with http:// or https://")
  "path" (list "^/" "a path from the root")
  "level" (list "^(?i)(debug|info|error)$" "debug, info or error")
}}
{{- $prefix := .prefix }}
{{- range $name, $value := .values }}
{{- $rule := get $expected (get $.kinds $name | default "any") }}
{{- $text := include "node-termination-handler.text" $value }}
{{- if and $rule $text }}
{{- if not (regexMatch (index $rule 0) $text) }}
{{ $prefix }}{{ $name }} is {{ $text | quote }}: expected {{ index $rule 1 }}.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.options" -}}
{{- $options := (include "node-termination-handler.names" . | fromYaml).options }}
{{- range $name := keys (.Values.config | default dict) | sortAlpha }}
{{- if not (hasKey $options $name) }}
There is no option "{{ $name }}" (config).{{ include "node-termination-handler.suggestion" (dict "name" $name "known" (keys $options | sortAlpha)) }}
{{- else if eq (get $options $name) "chart" }}
Option "{{ $name }}" (config) is set by the chart itself: take it out.
{{- else if get $options $name }}
Option "{{ $name }}" (config) has a value of its own, which would win: set "{{ get $options $name }}" instead.
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.environment" -}}
{{- range $index, $entry := .Values.extraEnv }}
{{- if not (and (kindIs "map" $entry) (get (ternary $entry dict (kindIs "map" $entry)) "name")) }}
extraEnv has an entry without a name, at position {{ add $index 1 }}: each is written as {name: ..., value: ...}.
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.labels" -}}
{{- $selector := include "node-termination-handler.selector-labels" . | fromYaml }}
{{- range $parent := list "podLabels" "linuxPodLabels" "windowsPodLabels" }}
{{- range $key, $label := get $.Values $parent }}
{{- if and (hasKey $selector $key) (ne (get $selector $key) (toString $label)) }}
{{ $parent }} sets "{{ $key }}", by which the release finds its pods: take it out.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.queue" -}}
{{- if include "node-termination-handler.queue-mode" . }}
{{- $hasUrl := .Values.queueURL }}
{{- range .Values.extraEnv }}{{ if eq (toString .name) "QUEUE_URL" }}{{ $hasUrl = true }}{{ end }}{{ end }}
{{- if not $hasUrl }}
Queue mode (enableSqsTerminationDraining) needs the URL of a queue: set "queueURL", or QUEUE_URL in extraEnv.
{{- end }}
{{- $interval := include "node-termination-handler.text" .Values.heartbeatInterval | default "-1" | int }}
{{- $until := include "node-termination-handler.text" .Values.heartbeatUntil | default "-1" | int }}
{{- range .Values.extraEnv }}
{{- if eq (toString .name) "HEARTBEAT_INTERVAL" }}{{ $interval = int .value }}{{ end }}
{{- end }}
{{- if and (ne $until -1) (eq $interval -1) }}
heartbeatUntil says when heartbeats end, but there are none: set "heartbeatInterval" as well.
{{- else if and (ne $until -1) (gt $interval $until) }}
heartbeatInterval ({{ $interval }} s) is longer than heartbeatUntil ({{ $until }} s): no heartbeat would be sent.
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.imds" -}}
{{- if not (include "node-termination-handler.queue-mode" .) }}
{{- if not (or (include "node-termination-handler.runs-on-linux" .) (include "node-termination-handler.runs-on-windows" .)) }}
targetNodeOs is "{{ .Values.targetNodeOs }}", for which there is no DaemonSet: expected "linux", "windows" or "linux windows".
{{- end }}
{{- $isOnHostNetwork := include "node-termination-handler.is" .Values.useHostNetwork }}
{{- $hasPolicy := include "node-termination-handler.is" (.Values.networkPolicy | default dict).create }}
{{- if and $hasPolicy $isOnHostNetwork (not (include "node-termination-handler.runs-on-windows" .)) }}
networkPolicy.create has no effect on pods in the host's network: set "useHostNetwork" to false (the metadata service then needs a hop limit of 2), or take it out.
{{- end }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.servers" -}}
{{- include "node-termination-handler.kinds" (dict "values" .Values.probes.httpGet "kinds" (dict "port" "port") "prefix" "probes.httpGet.") }}
{{- $hasMetrics := include "node-termination-handler.serves-metrics" . }}
{{- $hasProbes := include "node-termination-handler.serves-probes" . }}
{{- $isOnePort := eq (int .Values.probes.httpGet.port) (int .Values.prometheusServerPort) }}
{{- if and $hasMetrics $hasProbes $isOnePort }}
{{- if eq (toString .Values.probes.httpGet.path) "/metrics" }}
probes.httpGet.path can't be "/metrics", which is on the same port: take another path or another port.
{{- end }}
{{- end }}
{{- if and (include "node-termination-handler.is" (.Values.prometheusRule | default dict).create) (not $hasMetrics) }}
prometheusRule.create needs metrics to look at: set "enablePrometheusServer" to true.
{{- end }}
{{- end }}

{{- define "node-termination-handler.checks.restriction" -}}
{{- if include "node-termination-handler.is" (.Values.nodeRestriction | default dict).evictions }}
{{- if include "node-termination-handler.queue-mode" . }}
nodeRestriction.evictions is for IMDS mode: in queue mode the pods of all nodes are evicted.
{{- else if not (include "node-termination-handler.is" (.Values.nodeRestriction | default dict).enabled) }}
nodeRestriction.evictions is an addition to the other policies: set "nodeRestriction.enabled" to true.
{{- else if not (include "node-termination-handler.restricts-nodes" .) }}
nodeRestriction.evictions needs Kubernetes 1.30 or later, and a ServiceAccount of its own.
{{- end }}
{{- end }}
{{- end }}
