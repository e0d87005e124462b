{{/* The environment of the daemon: NTH's variables, from the values that NTH's chart has for them. */}}

{{/* What Kubernetes knows about the pod. */}}
{{- define "node-termination-handler.variables.pod" -}}
{{- range $name, $field := dict "NODE_NAME" "spec.nodeName" "POD_NAME" "metadata.name" "NAMESPACE" "metadata.namespace" }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $field }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.variables.both" -}}
{{- include "node-termination-handler.variables" (list
  (list "LOG_LEVEL" .Values.logLevel)
  (list "LOG_FORMAT_VERSION" .Values.logFormatVersion)
  (list "JSON_LOGGING" .Values.jsonLogging)
  (list "ENABLE_PROBES_SERVER" (ternary "true" "false" (ne (include "node-termination-handler.serves-probes" .) "")))
  (list "PROBES_SERVER_PORT" .Values.probes.httpGet.port)
  (list "PROBES_SERVER_ENDPOINT" .Values.probes.httpGet.path)
  (list "ENABLE_PROMETHEUS_SERVER" .Values.enablePrometheusServer)
  (list "PROMETHEUS_SERVER_PORT" .Values.prometheusServerPort)
  (list "DRY_RUN" .Values.dryRun)
  (list "CORDON_ONLY" .Values.cordonOnly)
  (list "TAINT_NODE" .Values.taintNode)
  (list "ENABLE_OUT_OF_SERVICE_TAINT" .Values.enableOutOfServiceTaint)
  (list "EXCLUDE_FROM_LOAD_BALANCERS" .Values.excludeFromLoadBalancers)
  (list "DELETE_LOCAL_DATA" .Values.deleteLocalData)
  (list "IGNORE_DAEMON_SETS" .Values.ignoreDaemonSets)
  (list "POD_TERMINATION_GRACE_PERIOD" .Values.podTerminationGracePeriod)
  (list "NODE_TERMINATION_GRACE_PERIOD" .Values.nodeTerminationGracePeriod)
  (list "EMIT_KUBERNETES_EVENTS" .Values.emitKubernetesEvents)
  (list "NTH_NODE_CONDITIONS" .Values.nodeConditions)
  (list "KUBERNETES_EVENTS_EXTRA_ANNOTATIONS" .Values.kubernetesEventsExtraAnnotations)
  (list "WEBHOOK_HEADERS" .Values.webhookHeaders)
  (list "WEBHOOK_PROXY" .Values.webhookProxy)
) }}
{{- if .Values.config }}
- name: NTH_CONFIG
  value: {{ include "node-termination-handler.config-path" . }}
{{- end }}
{{- if .Values.webhookURLSecretName }}
- name: WEBHOOK_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.webhookURLSecretName }}
      key: webhookurl
{{- else }}
{{- include "node-termination-handler.variables" (list (list "WEBHOOK_URL" .Values.webhookURL)) }}
{{- end }}
{{- if include "node-termination-handler.has-template-file" . }}
- name: WEBHOOK_TEMPLATE_FILE
  value: {{ print "/config/" .Values.webhookTemplateConfigMapKey | quote }}
{{- else }}
{{- include "node-termination-handler.variables" (list (list "WEBHOOK_TEMPLATE" .Values.webhookTemplate)) }}
{{- end }}
{{- end }}

{{- define "node-termination-handler.variables.imds" -}}
{{- include "node-termination-handler.variables" (list
  (list "ENABLE_SQS_TERMINATION_DRAINING" "false")
  (list "INSTANCE_METADATA_URL" .Values.instanceMetadataURL)
  (list "METADATA_TRIES" .Values.metadataTries)
  (list "ENABLE_SPOT_INTERRUPTION_DRAINING" .Values.enableSpotInterruptionDraining)
  (list "ENABLE_ASG_LIFECYCLE_DRAINING" .Values.enableASGLifecycleDraining)
  (list "ENABLE_SCHEDULED_EVENT_DRAINING" .Values.enableScheduledEventDraining)
  (list "ENABLE_REBALANCE_MONITORING" .Values.enableRebalanceMonitoring)
  (list "ENABLE_REBALANCE_DRAINING" .Values.enableRebalanceDraining)
) }}
{{- end }}

{{- define "node-termination-handler.variables.queue" -}}
{{- include "node-termination-handler.variables" (list
  (list "ENABLE_SQS_TERMINATION_DRAINING" "true")
  (list "QUEUE_URL" .Values.queueURL)
  (list "AWS_REGION" .Values.awsRegion)
  (list "AWS_ENDPOINT" .Values.awsEndpoint)
  (list "WORKERS" .Values.workers)
  (list "CHECK_TAG_BEFORE_DRAINING" .Values.checkTagBeforeDraining)
  (list "MANAGED_TAG" .Values.managedTag)
  (list "USE_PROVIDER_ID" .Values.useProviderId)
  (list "COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS" .Values.completeLifecycleActionDelaySeconds)
  (list "DELETE_SQS_MSG_IF_NODE_NOT_FOUND" .Values.deleteSqsMsgIfNodeNotFound)
  (list "HEARTBEAT_INTERVAL" .Values.heartbeatInterval)
  (list "HEARTBEAT_UNTIL" .Values.heartbeatUntil)
  (list "SQS_MSG_VISIBILITY_TIMEOUT_SEC" .Values.sqsMsgVisibilityTimeoutSec)
) }}
{{- if and .Values.awsAccessKeyID .Values.awsSecretAccessKey }}
{{- include "node-termination-handler.variables" (list
  (list "AWS_ACCESS_KEY_ID" .Values.awsAccessKeyID)
  (list "AWS_SECRET_ACCESS_KEY" .Values.awsSecretAccessKey)
) }}
{{- end }}
{{- end }}

{{/* Context: a list of names with values. An empty variable counts as not set, so it is left out. */}}
{{- define "node-termination-handler.variables" -}}
{{- range . }}
{{- $text := include "node-termination-handler.text" (index . 1) }}
{{- if ne $text "" }}
- name: {{ index . 0 }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
All variables of a container. Each is there once, since server-side apply refuses a list with two of a name; the last
one would have won, so extraEnv does. Context: a dict of root and os.
*/}}
{{- define "node-termination-handler.environment" -}}
{{- $root := .root }}
{{- $lists := list "pod" "both" }}
{{- if include "node-termination-handler.queue-mode" $root }}
{{- $lists = append $lists "queue" }}
{{- else }}
{{- $lists = append $lists "imds" }}
{{- end }}
{{- $variables := list }}
{{- range $lists }}
{{- $variables = concat $variables (include (print "node-termination-handler.variables." .) $root | fromYamlArray) }}
{{- end }}
{{- if and (eq .os "linux") (not (include "node-termination-handler.queue-mode" $root)) }}
{{- $uptime := include "node-termination-handler.variables" (list (list "UPTIME_FROM_FILE" $root.Values.procUptimeFile)) }}
{{- $variables = concat $variables (fromYamlArray $uptime) }}
{{- end }}
{{- $variables = concat $variables ($root.Values.extraEnv | default list) }}
{{- $seen := dict }}
{{- $kept := list }}
{{- range reverse $variables }}
{{- if not (hasKey $seen (toString .name)) }}
{{- $_ := set $seen (toString .name) true }}
{{- $kept = prepend $kept . }}
{{- end }}
{{- end }}
{{- toYaml $kept }}
{{- end }}

{{- define "node-termination-handler.config-folder" -}}
/etc/node-termination-handler
{{- end }}

{{- define "node-termination-handler.config-path" -}}
{{ include "node-termination-handler.config-folder" . }}/config.json
{{- end }}

{{- define "node-termination-handler.has-template-file" -}}
{{- if and .Values.webhookTemplateConfigMapName .Values.webhookTemplateConfigMapKey }}true{{ end }}
{{- end }}
