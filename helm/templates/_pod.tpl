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
            - key: {{ $file | quote }}
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
            - key: {{ . | quote }}
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
{{- if not .Values.mappings.existingConfigMap.name }}{{ $files = merge $files .Values.mappings.files }}{{ end -}}
{{- if not .Values.schemas.existingConfigMap.name }}{{ $files = merge $files .Values.schemas.files }}{{ end -}}
{{- toYaml $files -}}
{{- end -}}
