{{/* The pod of the DaemonSets and of the Deployment. Context of all: a dict of root and os. */}}

{{- define "node-termination-handler.pod" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $isQueueMode := include "node-termination-handler.queue-mode" $root }}
{{- $isOnHostNetwork := and (not $isQueueMode) (eq .os "linux") (include "node-termination-handler.is" $values.useHostNetwork) -}}
metadata:
  labels:
    {{- include "node-termination-handler.pod-labels" . | nindent 4 }}
  {{- with include "node-termination-handler.pod-annotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "node-termination-handler.service-account-name" $root }}
  {{- with include "node-termination-handler.security-context" (dict "context" $values.podSecurityContext "os" .os "root" $root) }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with ternary $values.priorityClassName $values.daemonsetPriorityClassName (ne $isQueueMode "") }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with include "node-termination-handler.text" $values.terminationGracePeriodSeconds }}
  terminationGracePeriodSeconds: {{ . }}
  {{- end }}
  {{- if not $isQueueMode }}
  hostNetwork: {{ not (empty $isOnHostNetwork) }}
  {{- end }}
  {{- with $values.dnsPolicy | default (ternary "" (get $values (print .os "DnsPolicy")) (ne $isQueueMode "")) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with $values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # Variables that describe Services may have the names of options.
  enableServiceLinks: false
  containers:
    - {{ include "node-termination-handler.container" . | indent 6 | trim }}
  {{- with include "node-termination-handler.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  nodeSelector:
    {{- toYaml (merge (dict "kubernetes.io/os" .os) (include "node-termination-handler.placement" (dict "root" $root "os" .os "kind" "NodeSelector") | fromYaml)) | nindent 4 }}
  {{- with include "node-termination-handler.placement" (dict "root" $root "os" .os "kind" "Affinity") }}
  affinity:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "node-termination-handler.placement" (dict "root" $root "os" .os "kind" "Tolerations") }}
  tolerations:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if $isQueueMode }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{/* A DaemonSet is for one system; its selector says which. */}}
{{- define "node-termination-handler.pod-selector" -}}
{{- $labels := include "node-termination-handler.selector-labels" .root | fromYaml }}
{{- if not (include "node-termination-handler.queue-mode" .root) }}
{{- $_ := set $labels "kubernetes.io/os" .os }}
{{- end }}
{{- toYaml $labels }}
{{- end }}

{{- define "node-termination-handler.pod-labels" -}}
{{- $labels := include "node-termination-handler.pod-selector" . | fromYaml }}
{{- $_ := set $labels "k8s-app" "aws-node-termination-handler" }}
{{- toYaml (merge dict (include "node-termination-handler.own-or-generic" (dict "values" .root.Values "os" .os "kind" "PodLabels" "root" .root) | fromYaml) $labels) }}
{{- end }}

{{- define "node-termination-handler.pod-annotations" -}}
{{- $annotations := include "node-termination-handler.own-or-generic" (dict "values" .root.Values "os" .os "kind" "PodAnnotations" "root" .root) | fromYaml }}
{{- with .root.Values.config }}
{{- $_ := set $annotations "checksum/config" (toYaml . | sha256sum) }}
{{- end }}
{{- /* Before 1.19 there is no field for it. */}}
{{- if not (include "node-termination-handler.kubernetes-from" (list .root "1.19.0")) }}
{{- $_ := set $annotations "seccomp.security.alpha.kubernetes.io/pod" "runtime/default" }}
{{- end }}
{{- if $annotations }}{{ toYaml $annotations }}{{ end }}
{{- end }}

{{/* The generic mapping with that of the DaemonSet's system over it. */}}
{{- define "node-termination-handler.own-or-generic" -}}
{{- $generic := get .values (untitle .kind) | default dict }}
{{- $own := dict }}
{{- if not (include "node-termination-handler.queue-mode" .root) }}
{{- $own = get .values (print .os .kind) | default dict }}
{{- end }}
{{- toYaml (merge dict $own $generic) }}
{{- end }}

{{/* nodeSelector, affinity or tolerations: in IMDS mode the first that is not empty of system, generic, DaemonSet. */}}
{{- define "node-termination-handler.placement" -}}
{{- $values := .root.Values }}
{{- $found := get $values (untitle .kind) }}
{{- if not (include "node-termination-handler.queue-mode" .root) }}
{{- $found = coalesce (get $values (print .os .kind)) $found (get $values (print "daemonset" .kind)) }}
{{- end }}
{{- if $found }}{{ toYaml $found }}{{ end }}
{{- end }}

{{/* Without what a system or an old cluster doesn't know. Context: context, os, root. */}}
{{- define "node-termination-handler.security-context" -}}
{{- $context := .context | default dict }}
{{- if eq .os "windows" }}
{{- $context = pick $context "runAsNonRoot" "windowsOptions" }}
{{- else if not (include "node-termination-handler.kubernetes-from" (list .root "1.19.0")) }}
{{- $context = omit $context "seccompProfile" }}
{{- end }}
{{- if $context }}{{ toYaml $context }}{{ end }}
{{- end }}

{{- define "node-termination-handler.container" -}}
{{- $root := .root }}
{{- $values := .root.Values -}}
name: aws-node-termination-handler
image: {{ include "node-termination-handler.image" . }}
imagePullPolicy: {{ $values.image.pullPolicy }}
{{- with include "node-termination-handler.security-context" (dict "context" $values.securityContext "os" .os "root" $root) }}
securityContext:
  {{- . | nindent 2 }}
{{- end }}
env:
  {{- include "node-termination-handler.environment" . | nindent 2 }}
{{- with include "node-termination-handler.ports" . | trim }}
ports:
  {{- . | nindent 2 }}
{{- end }}
{{- if include "node-termination-handler.serves-probes" $root }}
livenessProbe:
  {{- /* A port that is a string would be a port's name. */}}
  {{- $httpGet := merge (dict "port" (int $values.probes.httpGet.port)) $values.probes.httpGet }}
  {{- toYaml (merge (dict "httpGet" $httpGet) $values.probes) | nindent 2 }}
{{- with $values.readinessProbe }}
readinessProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "node-termination-handler.mounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.ports" -}}
{{- $values := .root.Values }}
{{- $ports := list }}
{{- if include "node-termination-handler.serves-probes" .root }}
{{- $ports = append $ports (dict "name" "liveness-probe" "containerPort" (int $values.probes.httpGet.port)) }}
{{- end }}
{{- if include "node-termination-handler.serves-metrics" .root }}
{{- $ports = append $ports (dict "name" "http-metrics" "containerPort" (int $values.prometheusServerPort)) }}
{{- end }}
{{- $os := .os }}
{{- range $ports }}
- name: {{ .name }}
  protocol: TCP
  containerPort: {{ .containerPort }}
  {{- /* As on the host's network, which Windows pods can't be in. */}}
  {{- if eq $os "windows" }}
  hostPort: {{ .containerPort }}
  {{- end }}
{{- end }}
{{- end }}

{{/* /proc/uptime is the machine's in every container; another file has to come from the node. */}}
{{- define "node-termination-handler.mounts-uptime" -}}
{{- $file := .root.Values.procUptimeFile }}
{{- $isOther := and $file (ne $file "/proc/uptime") }}
{{- if and $isOther (eq .os "linux") (not (include "node-termination-handler.queue-mode" .root)) }}true{{ end }}
{{- end }}

{{- define "node-termination-handler.mounts" -}}
{{- if include "node-termination-handler.mounts-uptime" . }}
- name: uptime
  mountPath: {{ .root.Values.procUptimeFile }}
  readOnly: true
{{- end }}
{{- if include "node-termination-handler.has-template-file" .root }}
- name: webhook-template
  mountPath: /config/
  readOnly: true
{{- end }}
{{- if .root.Values.config }}
- name: config
  mountPath: {{ include "node-termination-handler.config-folder" .root }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "node-termination-handler.volumes" -}}
{{- if include "node-termination-handler.mounts-uptime" . }}
- name: uptime
  hostPath:
    path: {{ .root.Values.procUptimeFile }}
{{- end }}
{{- if include "node-termination-handler.has-template-file" .root }}
- name: webhook-template
  configMap:
    name: {{ .root.Values.webhookTemplateConfigMapName }}
{{- end }}
{{- if .root.Values.config }}
- name: config
  configMap:
    name: {{ include "node-termination-handler.fullname" .root }}
{{- end }}
{{- end }}
