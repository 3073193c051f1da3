{{/*
The program's configuration file, and the numbers that the chart reads out of it.
*/}}

{{/* Most pods there may be. */}}
{{- define "yespo-bridge.mostPods" -}}
{{- if .Values.autoscaling.enabled -}}
{{- .Values.autoscaling.maxReplicas -}}
{{- else -}}
{{- max 1 (int (.Values.replicaCount | default 1)) -}}
{{- end -}}
{{- end -}}

{{/* A v2 account without a rate of its own gets that of the values: the program divides it among pods. */}}
{{- define "yespo-bridge.rates" -}}
{{- range .accounts -}}
{{- with .v2 -}}
{{- if not (hasKey . "rate") }}{{ $_ := set . "rate" $.root.Values.yespo.requestsPerSecond }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of the mapping files that the release brings, as YAML list. */}}
{{- define "yespo-bridge.mappingFiles" -}}
{{- if .Values.mappings.existingConfigMap.name -}}
{{- toYaml .Values.mappings.existingConfigMap.files -}}
{{- else -}}
{{- keys .Values.mappings.files | sortAlpha | toYaml -}}
{{- end -}}
{{- end -}}

{{/* Paths that the program is given, relative to bridge.yaml. */}}
{{- define "yespo-bridge.mappingPaths" -}}
{{- $files := include "yespo-bridge.mappingFiles" . | fromYamlArray -}}
{{- $paths := list -}}
{{- if $files -}}
{{- range (.Values.mappings.load | default $files) -}}
{{- $paths = append $paths (printf "mappings/%s" .) -}}
{{- end -}}
{{- else -}}
{{- range .Values.mappings.shipped -}}
{{- $paths = append $paths (printf "/opt/yespo-bridge/mappings/%s" .) -}}
{{- end -}}
{{- end -}}
{{- toYaml $paths -}}
{{- end -}}

{{/* What the values of the section "Connections" amount to, before `config` goes over it. */}}
{{- define "yespo-bridge.connections" -}}
{{- $kafka := dict "group.id" (.Values.kafka.groupId | default (printf "%s.%s" .Release.Namespace (include "yespo-bridge.fullname" .))) -}}
{{- with .Values.kafka.bootstrapServers }}{{ $_ := set $kafka "bootstrap.servers" . }}{{ end -}}
{{- $registry := dict "cache_dir" "/var/cache/yespo-bridge" -}}
{{- with .Values.registry.url }}{{ $_ := set $registry "url" . }}{{ end -}}
{{- if .Values.caBundle.configMap -}}
{{- $_ := set $registry "ca_file" (printf "/ca/%s" .Values.caBundle.key) -}}
{{- $_ := set $kafka "ssl.ca.location" (printf "/ca/%s" .Values.caBundle.key) -}}
{{- end -}}
{{- $account := dict -}}
{{- with .Values.yespo.siteId }}{{ $_ := set $account "legacy" (dict "site_id" .) }}{{ end -}}
{{- with .Values.yespo.apiKeySecret -}}
{{- if .name }}{{ $_ := set $account "v2" (dict "api_key" (printf "${file:/secrets/%s/%s}" .name .key)) }}{{ end -}}
{{- end -}}
{{- $accounts := dict -}}
{{- if $account }}{{ $_ := set $accounts "main" $account }}{{ end -}}
{{- $dead := dict -}}
{{- with .Values.deadLetters.topic }}{{ $_ := set $dead "topic" . }}{{ end -}}
{{- dict
  "kafka" $kafka
  "registry" $registry
  "mappings" (include "yespo-bridge.mappingPaths" . | fromYamlArray)
  "yespo" (dict "accounts" $accounts)
  "dead_letters" $dead
  "http" (dict "port" 9108) | toYaml -}}
{{- end -}}

{{/* The whole configuration as YAML. */}}
{{- define "yespo-bridge.config" -}}
{{- $config := mergeOverwrite (include "yespo-bridge.connections" . | fromYaml) (deepCopy .Values.config) -}}
{{- include "yespo-bridge.rates" (dict "root" . "accounts" $config.yespo.accounts) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Names of the scopes, as YAML list; one empty name where there are none. */}}
{{- define "yespo-bridge.scopes" -}}
{{- $scopes := dig "scopes" dict .Values.config -}}
{{- ternary (keys $scopes | sortAlpha) (list "") (gt (len $scopes) 0) | toYaml -}}
{{- end -}}

{{/* The consumer group of a scope; takes (list $ "scope"). */}}
{{- define "yespo-bridge.group" -}}
{{- $ := index . 0 -}}
{{- $scope := index . 1 -}}
{{- $config := include "yespo-bridge.config" $ | fromYaml -}}
{{- $group := get $config.kafka "group.id" -}}
{{- if $scope -}}
{{- dig "scopes" $scope "group_id" "" $config | default (printf "%s.%s" $group $scope) -}}
{{- else -}}
{{- $group -}}
{{- end -}}
{{- end -}}

{{/* A duration of the configuration (25, 25s, 1.5m) in milliseconds. */}}
{{- define "yespo-bridge.milliseconds" -}}
{{- $text := trim (toString .) -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $text -}}
{{- $unit := trim (trimPrefix $number $text) -}}
{{- $factor := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) ($unit | default "s") -}}
{{- mulf (float64 $number) $factor | ceil | int64 -}}
{{- end -}}

{{/* drain.shutdown + 5 s for the last commit + 5 s margin, as the program's own budget has it. */}}
{{- define "yespo-bridge.leastGrace" -}}
{{- $drain := dig "drain" "shutdown" 25 .Values.config -}}
{{- add 10 (ceil (divf (include "yespo-bridge.milliseconds" $drain) 1000)) -}}
{{- end -}}

{{- define "yespo-bridge.grace" -}}
{{- .Values.terminationGracePeriodSeconds | default (include "yespo-bridge.leastGrace" .) -}}
{{- end -}}

{{/* Ports that the configuration leads to, as YAML list. */}}
{{- define "yespo-bridge.egressPorts" -}}
{{- $config := include "yespo-bridge.config" . | fromYaml -}}
{{- $ports := list -}}
{{- range splitList "," (get $config.kafka "bootstrap.servers" | toString) -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .) | default "9092" | int) -}}
{{- end -}}
{{- $urls := kindIs "slice" $config.registry.url | ternary $config.registry.url (list $config.registry.url) -}}
{{- range $name, $account := $config.yespo.accounts -}}
{{- with $account.legacy }}{{ $urls = append $urls (.url | default "https://tracker.yespo.io") }}{{ end -}}
{{- with $account.v2 -}}
{{- $urls = append $urls (.url | default "https://yespo.io") -}}
{{- with .past_events }}{{ $urls = concat $urls (compact (list .url)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $urls = concat $urls (compact (list (dig "delivery" "proxy" "" $config) (get $config.kafka "sasl.oauthbearer.token.endpoint.url"))) -}}
{{- range $urls -}}
{{- if not (contains "${" .) -}}
{{- $host := get (urlParse .) "host" -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host) | default (hasPrefix "https" . | ternary "443" "80") | int) -}}
{{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.kafkaPorts -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- $texts := list -}}
{{- range $ports }}{{ $texts = append $texts (printf "%05d" .) }}{{ end -}}
{{- $sorted := list -}}
{{- range $texts | uniq | sortAlpha }}{{ $sorted = append $sorted (trimPrefix "0" (trimPrefix "0" (trimPrefix "0" (trimPrefix "0" .))) | int) }}{{ end -}}
{{- toYaml $sorted -}}
{{- end -}}

{{- define "yespo-bridge.httpPort" -}}
{{- dig "http" "port" 9108 .Values.config -}}
{{- end -}}
