{{/*
What the Deployment, the check and the test have in common. Those that take a list take ($ name),
where name is the one the ConfigMaps begin with: the release's, or the check's copies.
*/}}

{{/* Existing Secrets to mount, as YAML list. */}}
{{- define "yespo-bridge.secretNames" -}}
{{- $names := list -}}
{{- with .Values.yespo.apiKeySecret.name }}{{ $names = append $names . }}{{ end -}}
{{- concat $names .Values.secrets | uniq | toYaml -}}
{{- end -}}

{{/* Whether the release brings mapping or schema files itself; empty text if not. */}}
{{- define "yespo-bridge.ownFiles" -}}
{{- if or (and .Values.mappings.files (not .Values.mappings.existingConfigMap.name)) (and .Values.schemas.files (not .Values.schemas.existingConfigMap.name)) -}}yes{{- end -}}
{{- end -}}

{{/* `Recreate` and the default's `rollingUpdate` exclude each other: the API refuses both together. */}}
{{- define "yespo-bridge.strategy" -}}
{{- if eq (dig "type" "RollingUpdate" .Values.strategy) "RollingUpdate" -}}
{{- toYaml .Values.strategy -}}
{{- else -}}
{{- toYaml (omit .Values.strategy "rollingUpdate") -}}
{{- end -}}
{{- end -}}

{{/*
`spec.replicas`, or nothing; takes (list $ live own), live being the Deployment in the cluster, own what
`scopes` says of it.
Where KEDA or `kubectl scale` is to own the number (autoscaling, or replicaCount: null), the chart leaves
the field out, with one exception: a field whose only owner leaves it out falls back to 1
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership). So the
live number is repeated until somebody else has written it.
*/}}
{{- define "yespo-bridge.replicas" -}}
{{- $ := index . 0 -}}
{{- $live := index . 1 | default dict -}}
{{- $own := gt (len .) 2 | ternary (last .) dict -}}
{{- $count := ternary $own.replicaCount $.Values.replicaCount (hasKey $own "replicaCount") -}}
{{- if not (or $.Values.autoscaling.enabled (kindIs "invalid" $count)) -}}
{{- $count -}}
{{- else if $live -}}
{{- $others := list -}}
{{- range dig "metadata" "managedFields" list $live -}}
{{- if and (hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas") (not (and (hasPrefix "helm" (lower (.manager | default ""))) (ne (.subresource | default "") "scale"))) -}}
{{- $others = append $others .manager -}}
{{- end -}}
{{- end -}}
{{- if not $others }}{{ int64 (dig "spec" "replicas" 1 $live) }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Schemas may stand in one folder below avro/ (`versions/click.v1.avsc`); a ConfigMap's key has no `/`. */}}
{{- define "yespo-bridge.fileKey" -}}
{{- replace "/" "__" . -}}
{{- end -}}

{{- define "yespo-bridge.podSettings" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.containerSettings" -}}
image: {{ include "yespo-bridge.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
env:
  - name: YESPO_BRIDGE_CONFIG
    value: /etc/yespo-bridge/bridge.yaml
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.volumeMounts" -}}
- name: config
  mountPath: /etc/yespo-bridge
  readOnly: true
- name: cache
  mountPath: /var/cache/yespo-bridge
{{- range $index, $name := include "yespo-bridge.secretNames" . | fromYamlArray }}
- name: secret-{{ $index }}
  mountPath: /secrets/{{ $name }}
  readOnly: true
{{- end }}
{{- if .Values.caBundle.configMap }}
- name: ca
  mountPath: /ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
One projected volume for configuration, mappings and schemas: the kubelet replaces all of it in one
step, so that a reload never sees a new mapping beside an old schema.
*/}}
{{- define "yespo-bridge.volumes" -}}
{{- $ := index . 0 -}}
{{- $name := index . 1 -}}
{{- $mappings := $.Values.mappings -}}
{{- $schemas := $.Values.schemas -}}
- name: config
  projected:
    sources:
      - configMap:
          name: {{ $name }}
          items:
            - key: bridge.yaml
              path: bridge.yaml
      {{- if include "yespo-bridge.ownFiles" $ }}
      - configMap:
          name: {{ $name }}-files
          items:
            {{- if not $mappings.existingConfigMap.name }}
            {{- range $file := keys $mappings.files | sortAlpha }}
            - key: {{ $file | quote }}
              path: mappings/{{ $file }}
            {{- end }}
            {{- end }}
            {{- if not $schemas.existingConfigMap.name }}
            {{- range $file := keys $schemas.files | sortAlpha }}
            - key: {{ include "yespo-bridge.fileKey" $file | quote }}
              path: avro/{{ $file }}
            {{- end }}
            {{- end }}
      {{- end }}
      {{- range list (dict "of" $mappings.existingConfigMap "folder" "mappings") (dict "of" $schemas.existingConfigMap "folder" "avro") }}
      {{- if .of.name }}
      - configMap:
          name: {{ .of.name }}
          items:
            {{- $folder := .folder }}
            {{- range .of.files }}
            - key: {{ include "yespo-bridge.fileKey" . | quote }}
              path: {{ $folder }}/{{ . }}
            {{- end }}
      {{- end }}
      {{- end }}
- name: cache
  emptyDir:
    sizeLimit: {{ $.Values.cacheSize }}
{{- range $index, $secret := include "yespo-bridge.secretNames" $ | fromYamlArray }}
- name: secret-{{ $index }}
  secret:
    secretName: {{ $secret }}
    defaultMode: 0440
{{- end }}
{{- with $.Values.caBundle.configMap }}
- name: ca
  configMap:
    name: {{ . }}
{{- end }}
{{- with $.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The text of bridge.yaml, for the ConfigMap and its checksum. */}}
{{- define "yespo-bridge.configText" -}}
# Written by the chart from its values; docs/configuration.md explains every key.
{{ include "yespo-bridge.config" . }}
{{- end -}}

{{/* Data of the ConfigMap with mappings and schemas. */}}
{{- define "yespo-bridge.files" -}}
{{- $files := dict -}}
{{- if not .Values.mappings.existingConfigMap.name }}{{ $files = merge $files (deepCopy .Values.mappings.files) }}{{ end -}}
{{- if not .Values.schemas.existingConfigMap.name }}
{{- range $file, $text := .Values.schemas.files }}{{ $_ := set $files (include "yespo-bridge.fileKey" $file) $text }}{{ end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}
