{{/* Names and labels. A long name ends in a hash of all of it, so that two never become one. */}}

{{- define "yespo-bridge.short" -}}
{{- if gt (len .) 48 -}}
{{- printf "%s-%s" (trunc 39 . | trimSuffix "-") (sha256sum . | trunc 8) -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{- define "yespo-bridge.name" -}}
{{- include "yespo-bridge.short" (.Values.nameOverride | default .Chart.Name) -}}
{{- end -}}

{{- define "yespo-bridge.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- include "yespo-bridge.short" (.Values.fullnameOverride | default $full) -}}
{{- end -}}

{{- define "yespo-bridge.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "yespo-bridge.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* The check's own account, where the release makes one: hooks run before the release's exists. */}}
{{- define "yespo-bridge.checkServiceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- include "yespo-bridge.fullname" . }}-check
{{- else -}}
{{- include "yespo-bridge.serviceAccountName" . -}}
{{- end -}}
{{- end -}}

{{- define "yespo-bridge.instanceLabels" -}}
app.kubernetes.io/name: {{ include "yespo-bridge.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What the Deployment selects by: never changed, or an upgrade would be refused. */}}
{{- define "yespo-bridge.selectorLabels" -}}
{{ include "yespo-bridge.instanceLabels" . }}
app.kubernetes.io/component: bridge
{{- end -}}

{{/* Name of what a scope has for itself; takes (list $ "scope"), the scope empty where there are none. */}}
{{- define "yespo-bridge.scopedName" -}}
{{- $full := include "yespo-bridge.fullname" (index . 0) -}}
{{- include "yespo-bridge.short" (ternary (printf "%s-%s" $full (index . 1)) $full (ne (index . 1) "")) -}}
{{- end -}}

{{/* What the pods of a scope are known by, beside `selectorLabels`; takes the scope. */}}
{{- define "yespo-bridge.scopeLabel" -}}
{{- with . }}yespo-bridge/scope: {{ . }}{{ end -}}
{{- end -}}

{{/* The selector of one scope's pods; takes (list $ "scope"). */}}
{{- define "yespo-bridge.scopedSelector" -}}
{{ include "yespo-bridge.selectorLabels" (index . 0) }}
{{- with include "yespo-bridge.scopeLabel" (index . 1) }}
{{ . }}
{{- end -}}
{{- end -}}

{{/* Labels of an object; takes (list $ "component"). */}}
{{- define "yespo-bridge.labels" -}}
{{- $ := index . 0 -}}
{{- $own := dict
  "app.kubernetes.io/name" (include "yespo-bridge.name" $)
  "app.kubernetes.io/instance" $.Release.Name
  "app.kubernetes.io/component" (index . 1)
  "app.kubernetes.io/part-of" "yespo-bridge"
  "app.kubernetes.io/version" (trunc 63 $.Chart.AppVersion)
  "app.kubernetes.io/managed-by" $.Release.Service
  "helm.sh/chart" (printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" | trunc 63) -}}
{{- toYaml (merge $own $.Values.commonLabels) -}}
{{- end -}}

{{/* The same with further labels; takes (list $ "component" labels). A key is there once: the further one holds. */}}
{{- define "yespo-bridge.labelsWith" -}}
{{- toYaml (mergeOverwrite (include "yespo-bridge.labels" . | fromYaml) (index . 2)) -}}
{{- end -}}

{{- define "yespo-bridge.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
