{{/*
Parts of the admission policies, which hold the daemon's account to what the daemon does.
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
*/}}

{{/* Name of a policy. Context: a list of the chart's context and what the policy is about. */}}
{{- define "node-termination-handler.policy-name" -}}
{{ include "node-termination-handler.fullname" (index . 0) | trunc 53 | trimSuffix "-" }}-{{ index . 1 }}
{{- end }}

{{/* Nobody else's requests are looked at. */}}
{{- define "node-termination-handler.requests-of-daemon" -}}
- name: requests-of-the-daemon
  expression: request.userInfo.username == 'system:serviceaccount:{{ .Release.Namespace }}:{{ include "node-termination-handler.service-account-name" . }}'
{{- end }}

{{/*
Tokens that are bound to a pod name its node. A token that is not has no node here.
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#additional-metadata-in-pod-bound-tokens
*/}}
{{- define "node-termination-handler.own-node" -}}
- name: ownNode
  expression: >-
    has(request.userInfo.extra) && 'authentication.kubernetes.io/node-name' in request.userInfo.extra
    ? request.userInfo.extra['authentication.kubernetes.io/node-name'][0] : ''
{{- end }}

{{/*
Every field is as it was. Context: a dict of of (metadata, spec or status) and fields. What holds quantities is not
known to the API server's check of types, which dyn() turns off.
*/}}
{{- define "node-termination-handler.unchanged" -}}
{{- $of := .of }}
{{- range $index, $field := .fields }}
{{- if $index }} &&
{{ end }}
{{- if has $field (list "allocatable" "capacity") }}
{{- printf "dyn(object.%s).?%s == dyn(oldObject.%s).?%s" $of $field $of $field }}
{{- else }}
{{- printf "object.%s.?%s == oldObject.%s.?%s" $of $field $of $field }}
{{- end }}
{{- end }}
{{- end }}

{{/* The binding of a policy to the whole cluster. Context: as of policy-name. */}}
{{- define "node-termination-handler.policy-binding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "node-termination-handler.policy-name" . }}
  labels:
    {{- include "node-termination-handler.labels" (index . 0) | nindent 4 }}
spec:
  policyName: {{ include "node-termination-handler.policy-name" . }}
  validationActions: [Deny]
{{- end }}

{{/* Of the Node's conditions, those that the daemon sets. */}}
{{- define "node-termination-handler.condition-types" -}}
['DrainInProgress', 'Drained', 'MaintenanceInProgress', 'MaintenancePlanned']
{{- end }}
