{{/*
What no schema can say: values that contradict one another. All findings at once, each with the
value's name and what to do. Rendered by `validate.yaml`, so that Argo CD and `helm template` stop too.
*/}}

{{- define "yespo-bridge.validate" -}}
{{- $found := list -}}
{{- range list "connections" "files" "pods" "environment" "references" "scaling" "image" "labels" "monitoring" -}}
{{- $part := include (printf "yespo-bridge.validate.%s" .) $ | trim -}}
{{- if $part }}{{ $found = append $found $part }}{{ end -}}
{{- end -}}
{{- if $found -}}
{{- fail (printf "\n\nThese values cannot be used:\n%s\n" (join "\n" $found)) -}}
{{- end -}}
{{- end -}}

{{- define "yespo-bridge.validate.connections" -}}
{{- $own := .Values.config -}}
{{- $ownKafka := $own.kafka | default dict -}}
{{- $brokers := get $ownKafka "bootstrap.servers" -}}
{{- if not (or .Values.kafka.bootstrapServers $brokers) }}
- kafka.bootstrapServers is required, e.g. kafka-0.kafka:9093
{{- end }}
{{- if and .Values.kafka.bootstrapServers $brokers }}
- kafka.bootstrapServers and config.kafka name the brokers twice: remove one
{{- end }}
{{- if and .Values.kafka.groupId (hasKey $ownKafka "group.id") }}
- kafka.groupId and config.kafka "group.id" name the group twice: remove one
{{- end }}
{{- if not (or .Values.registry.url (dig "registry" "url" "" $own)) }}
- registry.url is required, e.g. https://registry.example.com
{{- end }}
{{- if and .Values.registry.url (dig "registry" "url" "" $own) }}
- registry.url and config.registry.url name the registry twice: remove one
{{- end }}
{{- if not (or .Values.deadLetters.topic (dig "dead_letters" "topic" "" $own)) }}
- deadLetters.topic is required: an existing topic that no mapping reads
{{- end }}
{{- if and .Values.deadLetters.topic (dig "dead_letters" "topic" "" $own) }}
- deadLetters.topic and config.dead_letters.topic name the topic twice: remove one
{{- end }}
{{- $accounts := (include "yespo-bridge.connections" . | fromYaml).yespo.accounts -}}
{{- $accounts = mergeOverwrite $accounts (dig "yespo" "accounts" dict (deepCopy $own)) -}}
{{- if not $accounts }}
- yespo.siteId or yespo.apiKeySecret.name is required (or config.yespo.accounts for several accounts)
{{- end }}
{{- range $name, $account := $accounts }}
{{- if not (or $account.legacy $account.v2) }}
- config.yespo.accounts.{{ $name }} needs `legacy` or `v2`
{{- end }}
{{- if and $account.legacy (not $account.legacy.site_id) }}
- config.yespo.accounts.{{ $name }}.legacy.site_id is required
{{- end }}
{{- if and $account.v2 (not $account.v2.api_key) }}
- config.yespo.accounts.{{ $name }}.v2.api_key is required, e.g. ${file:/secrets/<Secret>/<key>}
{{- end }}
{{- end }}
{{- if and (eq (len $accounts) 1) (not (include "yespo-bridge.mappingFiles" . | fromYamlArray)) }}
{{- $account := first (values $accounts) }}
{{- if and (or $account.legacy $account.v2) (not (and $account.legacy $account.v2)) }}
- mappings.shipped send to both APIs: set both yespo.siteId and yespo.apiKeySecret.name, or bring mappings.files for one
{{- end }}
{{- end }}
{{- if hasKey $own "mappings" }}
- config.mappings is made by the chart: use `mappings.files`, `mappings.existingConfigMap` or `mappings.shipped`
{{- end }}
{{- if hasKey $ownKafka "group.instance.id" }}
- config.kafka "group.instance.id" would be the same in every pod, and the group admits one: remove it
{{- end }}
{{- $host := dig "http" "host" "" $own -}}
{{- if or (hasPrefix "127." $host) (eq "localhost" $host) (eq "::1" $host) }}
- config.http.host {{ $host }} cannot be reached by probes: remove it
{{- end }}
{{- if eq (int (include "yespo-bridge.httpPort" .)) 0 }}
- config.http.port 0 would be another port in every pod: name one
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.files" -}}
{{- range $kind := list "mappings" "schemas" }}
{{- $of := get $.Values $kind }}
{{- if and $of.files $of.existingConfigMap.name }}
- {{ $kind }}.files and {{ $kind }}.existingConfigMap.name exclude each other: remove one
{{- end }}
{{- if and $of.existingConfigMap.name (not $of.existingConfigMap.files) }}
- {{ $kind }}.existingConfigMap.files is empty: name the keys of {{ $of.existingConfigMap.name }} to mount
{{- end }}
{{- if and $of.existingConfigMap.files (not $of.existingConfigMap.name) }}
- {{ $kind }}.existingConfigMap.name is missing
{{- end }}
{{- end }}
{{- $files := include "yespo-bridge.mappingFiles" . | fromYamlArray -}}
{{- range .Values.mappings.load }}
{{- if not (has . $files) }}
- mappings.load names {{ . }}, which is not among the mapping files{{ if $files }}: {{ join ", " $files }}{{ end }}
{{- end }}
{{- end }}
{{- if and (not $files) (or .Values.schemas.files .Values.schemas.existingConfigMap.name) }}
- schemas without mappings would not be read: add `mappings.files` or `mappings.existingConfigMap`
{{- end }}
{{- $size := len (include "yespo-bridge.files" .) -}}
{{- if gt $size 250000 }}
- mappings.files and schemas.files have {{ $size }} characters, more than 250000: Helm keeps each release, with them in it several times, in a Secret of 1 MiB. Use mappings.existingConfigMap and schemas.existingConfigMap
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.pods" -}}
{{- $least := include "yespo-bridge.leastGrace" . | int -}}
{{- if lt (int (include "yespo-bridge.grace" .)) $least }}
- terminationGracePeriodSeconds {{ .Values.terminationGracePeriodSeconds }} is less than {{ $least }} = config.drain.shutdown + 5 s commit + 5 s margin: what is in flight would be cut off and sent again
{{- end }}
{{- $reserved := list "config" "cache" "ca" -}}
{{- range .Values.extraVolumes }}
{{- if or (has .name $reserved) (regexMatch "^secret-[0-9]+$" .name) }}
- extraVolumes: the name {{ .name }} is taken by the chart
{{- end }}
{{- end }}
{{- range .Values.extraVolumeMounts }}
{{- if or (has .mountPath (list "/etc/yespo-bridge" "/var/cache/yespo-bridge" "/secrets" "/ca")) (hasPrefix "/etc/yespo-bridge/" .mountPath) }}
- extraVolumeMounts: {{ .mountPath }} is used by the chart
{{- end }}
{{- end }}
{{- range concat .Values.extraContainers .Values.initContainers }}
{{- if eq .name "bridge" }}
- extraContainers, initContainers: the name bridge is taken by the chart
{{- end }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.environment" -}}
{{- $ours := dict
  "YESPO_BRIDGE_CONFIG" "is set by the chart"
  "YESPO_BRIDGE_HTTP__HOST" "would hide the program from its probes: use config.http.host"
  "YESPO_BRIDGE_HTTP__PORT" "would hide the program from its probes: use config.http.port"
  "YESPO_BRIDGE_DRAIN__SHUTDOWN" "would not reach terminationGracePeriodSeconds: use config.drain.shutdown"
  "YESPO_BRIDGE_MAPPINGS" "is made by the chart: use `mappings`" -}}
{{- $names := list -}}
{{- range .Values.extraEnv }}
{{- $name := .name }}
{{- if hasKey $ours (upper $name) }}
- extraEnv: {{ $name }} {{ get $ours (upper $name) }}
{{- end }}
{{- if has $name $names }}
- extraEnv: {{ $name }} is there twice
{{- end }}
{{- $names = append $names $name }}
{{- if and (hasKey . "value") (hasKey . "valueFrom") }}
- extraEnv: {{ $name }} has both value and valueFrom
{{- end }}
{{- if and .value (regexMatch "(PASSWORD|SECRET|TOKEN|API_?KEY|PASSPHRASE|KEY_PEM)" (upper $name)) (not (hasPrefix "$" .value)) }}
- extraEnv: {{ $name }} looks like a credential: take it from a Secret with valueFrom.secretKeyRef
{{- end }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.references" -}}
{{- $text := toYaml .Values.config -}}
{{- $mounted := include "yespo-bridge.secretNames" . | fromYamlArray -}}
{{- range regexFindAll "/secrets/[^/}\\s]+/" $text -1 | uniq }}
{{- $name := trimPrefix "/secrets/" . | trimSuffix "/" }}
{{- if not (has $name $mounted) }}
- config refers to {{ . }}, but secrets does not name {{ $name }}
{{- end }}
{{- end }}
{{- $names := list -}}
{{- range .Values.extraEnv }}{{ $names = append $names .name }}{{ end -}}
{{- if not .Values.envFrom }}
{{- range regexFindAll "\\$\\{env:[^}]*\\}" $text -1 | uniq }}
{{- $name := trimPrefix "${env:" . | trimSuffix "}" }}
{{- if not (has $name $names) }}
- config refers to {{ . }}, but neither extraEnv nor envFrom sets it
{{- end }}
{{- end }}
{{- end }}
{{- if and (contains "/ca/" $text) (not .Values.caBundle.configMap) }}
- config refers to a file in /ca, but caBundle.configMap is empty
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.scaling" -}}
{{- $scaling := .Values.autoscaling -}}
{{- $scopes := include "yespo-bridge.scopes" . | fromYamlArray -}}
{{- range $name := keys .Values.scopes | sortAlpha }}
{{- if not (has $name $scopes) }}
- scopes.{{ $name }} is no scope of config.scopes{{ $scopes | join ", " | printf " (%s)" | replace " ()" "" }}
{{- end }}
{{- end }}
{{- $share := divf .Values.yespo.requestsPerSecond (include "yespo-bridge.mostPods" .) -}}
{{- $asks := false -}}
{{- range (include "yespo-bridge.config" . | fromYaml).yespo.accounts }}{{ if .v2 }}{{ $asks = true }}{{ end }}{{ end -}}
{{- if and $asks (lt $share 10.0) }}
- {{ $scaling.enabled | ternary "autoscaling.maxReplicas" "replicaCount" }}: yespo.requestsPerSecond {{ .Values.yespo.requestsPerSecond }} / {{ include "yespo-bridge.mostPods" . }} pods leaves each {{ round $share 2 }} a second, less than 10: more pods would only wait
{{- end }}
{{- if $scaling.enabled }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
- autoscaling.minReplicas {{ $scaling.minReplicas }} is more than autoscaling.maxReplicas {{ $scaling.maxReplicas }}
{{- end }}
{{- if not $scaling.topics }}
- autoscaling.topics is empty: name the topics that the mappings read, with their partitions
{{- else }}
{{- $partitions := 0 -}}
{{- $dead := .Values.deadLetters.topic | default (dig "dead_letters" "topic" "" .Values.config) -}}
{{- range $scaling.topics }}
{{- $partitions = add $partitions .partitions }}
{{- if eq .name $dead }}
- autoscaling.topics: {{ .name }} is the dead-letter topic
{{- end }}
{{- end }}
{{- if gt (int $scaling.maxReplicas) (int $partitions) }}
- autoscaling.maxReplicas {{ $scaling.maxReplicas }} is more than the {{ $partitions }} partitions of autoscaling.topics: the rest would be idle
{{- end }}
{{- end }}
{{- if and (ne $scaling.sasl "none") (not $scaling.secretTargetRef) (not $scaling.podIdentity) }}
- autoscaling.secretTargetRef is empty: autoscaling.sasl {{ $scaling.sasl }} needs username and password
{{- end }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.image" -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) }}
- image.tag is `latest`: a rollback would not know what to go back to. Name a version, or use image.digest
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.labels" -}}
{{- range $label, $_ := merge dict .Values.podLabels .Values.commonLabels }}
{{- if or (hasPrefix "app.kubernetes.io/" $label) (hasPrefix "helm.sh/" $label) }}
- commonLabels, podLabels: {{ $label }} is set by the chart
{{- end }}
{{- end }}
{{- range $annotation, $_ := .Values.podAnnotations }}
{{- if hasPrefix "checksum/" $annotation }}
- podAnnotations: {{ $annotation }} is set by the chart
{{- end }}
{{- end }}
{{- end -}}

{{- define "yespo-bridge.validate.monitoring" -}}
{{- range $kind := list "podMonitor" "serviceMonitor" }}
{{- $of := get $.Values $kind }}
{{- if and $of.enabled $of.scrapeTimeout (gt (include "yespo-bridge.milliseconds" $of.scrapeTimeout | int) (include "yespo-bridge.milliseconds" $of.interval | int)) }}
- {{ $kind }}.scrapeTimeout {{ $of.scrapeTimeout }} is longer than {{ $kind }}.interval {{ $of.interval }}: prometheus-operator refuses it
{{- end }}
{{- end }}
{{- if and .Values.dashboards.enabled (eq .Values.dashboards.as "grafana-operator") (not .Values.dashboards.instanceSelector) }}
- dashboards.instanceSelector is empty: grafana-operator needs the labels of the Grafana that shows them
{{- end }}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}
- podMonitor.enabled and serviceMonitor.enabled would scrape every pod twice: choose one
{{- end }}
{{- if .Values.prometheusRule.enabled }}
{{- $alerts := list -}}
{{- range $path, $_ := .Files.Glob "rules/*.yaml" -}}
{{- range ($.Files.Get $path | fromYaml).groups }}{{ range .rules }}{{ if .alert }}{{ $alerts = append $alerts .alert }}{{ end }}{{ end }}{{ end -}}
{{- end -}}
{{- range .Values.prometheusRule.disabled }}
{{- if not (has . $alerts) }}
- prometheusRule.disabled names {{ . }}, which is no alert of rules/
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
