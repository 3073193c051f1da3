"""What cannot work is refused before anything is deployed, by a text that names the value."""

from typing import Any

import helm_python
import pytest

from tests.helm.chart import case_values, changed, render

MINIMAL = case_values("minimal")

_BY_SCHEMA: list[tuple[str, Any, str]] = [
    ("kafak", {}, "additional properties 'kafak' not allowed"),
    ("kafka.bootstrapServer", "b:9092", "at '/kafka': additional properties 'bootstrapServer'"),
    ("kafka.bootstrapServers", 9092, "at '/kafka/bootstrapServers': got number, want string"),
    ("registry.url", "registry:8081", "at '/registry/url'"),
    ("registry.url", "https://me:secret@registry", "at '/registry/url'"),
    ("yespo.apiKey", "s3cret", "at '/yespo': additional properties 'apiKey'"),
    ("yespo.apiKeySecret", "yespo", "at '/yespo/apiKeySecret': got string, want object"),
    ("yespo.apiKeySecret.value", "s3cret", "additional properties 'value' not allowed"),
    ("yespo.requestsPerSecond", 400, "at '/yespo/requestsPerSecond': maximum: got 400, want 350"),
    ("yespo.requestsPerSecond", 0, "at '/yespo/requestsPerSecond'"),
    ("deadLetters.topic", "shop clicks", "at '/deadLetters/topic'"),
    ("secrets", "kafka-login", "at '/secrets': got string, want array"),
    ("secrets", ["a", "a"], "at '/secrets': items at 0 and 1 are equal"),
    ("config.delivry", {}, "at '/config': additional properties 'delivry'"),
    ("config.drain.shutdown", "soon", "at '/config/drain/shutdown'"),
    ("config.drain.shut_down", "25s", "at '/config/drain': additional properties 'shut_down'"),
    ("config.delivery.max_in_flight", 0, "at '/config/delivery/max_in_flight'"),
    ("config.buffer.bytes", "32 megabytes", "at '/config/buffer/bytes'"),
    ("config.log.level", "verbose", "at '/config/log/level'"),
    ("config.kafka.sasl\\.password", "s3cret", "at '/config/kafka/sasl.password'"),
    ("config.kafka.sasl\\.pasword", "s3cret", "at '/config/kafka/sasl.pasword'"),
    ("config.kafka.ssl\\.key\\.pem", "-----BEGIN", "at '/config/kafka/ssl.key.pem'"),
    ("config.kafka.client\\.rack", ["a"], "at '/config/kafka/client.rack'"),
    ("config.registry.password", "s3cret", "at '/config/registry/password'"),
    ("config.registry.url", "https://me:secret@registry", "at '/config/registry/url'"),
    ("config.yespo.accounts.main.v2.api_key", "s3cret", "/accounts/main/v2/api_key'"),
    ("config.yespo.accounts.UA", {"legacy": {"site_id": "1"}}, "at '/config/yespo/accounts'"),
    ("config.yespo.accounts.main.legacy.dialect", "ukrainian", "/main/legacy/dialect'"),
    ("mappings.files", {"shop.json": "{}"}, "at '/mappings/files'"),
    ("mappings.files", {"../shop.yaml": "version: 1"}, "at '/mappings/files'"),
    ("mappings.files", {"shop.yaml": {"version": 1}}, "at '/mappings/files/shop.yaml'"),
    ("mappings.shipped", ["shopp.yaml"], "at '/mappings/shipped/0'"),
    ("mappings.onChange", "restart", "at '/mappings/onChange'"),
    ("schemas.files", {"click.json": "{}"}, "at '/schemas/files'"),
    ("image.repository", "yespo-bridge:1.0", "at '/image/repository'"),
    ("image.digest", "sha256:abc", "at '/image/digest'"),
    ("image.pullPolicy", "always", "at '/image/pullPolicy'"),
    ("replicaCount", "3", "at '/replicaCount': got string, want null or integer"),
    ("replicaCount", -1, "at '/replicaCount'"),
    ("topologySpread", "hard", "at '/topologySpread'"),
    ("podDisruptionBudget.maxUnavailable", "many", "at '/podDisruptionBudget/maxUnavailable'"),
    ("cacheSize", "16MB", "at '/cacheSize'"),
    ("extraEnv", [{"value": "x"}], "at '/extraEnv/0'"),
    ("extraEnv", [{"name": "A", "value": 1}], "at '/extraEnv/0/value'"),
    ("fullnameOverride", "Shop_Bridge", "at '/fullnameOverride'"),
    ("check.connections", "ignore", "at '/check/connections'"),
    ("autoscaling.minReplicas", 0, "at '/autoscaling/minReplicas'"),
    ("autoscaling.topics", ["shop.clicks"], "at '/autoscaling/topics/0'"),
    ("autoscaling.cpu", 80, "at '/autoscaling': additional properties 'cpu'"),
    ("networkPolicy.kafkaPorts", [90920], "at '/networkPolicy/kafkaPorts/0'"),
    ("podMonitor.interval", 30, "at '/podMonitor/interval'"),
    ("commonLabels", {"n": 1}, "at '/commonLabels/n'"),
    ("podLabels", {"team": "crm & shop"}, "at '/podLabels/team'"),
    ("podLabels", {"team": "crm-"}, "at '/podLabels/team'"),
    ("podLabels", {"my team": "crm"}, "at '/podLabels': additional properties 'my team'"),
    ("podLabels", {"a" * 64: "crm"}, "at '/podLabels': additional properties"),
    ("schemas.files", {"a/b/c.avsc": "{}"}, "at '/schemas/files'"),
    ("dashboards.as", "grafana", "at '/dashboards/as'"),
]


@pytest.mark.parametrize(("path", "value", "text"), _BY_SCHEMA)
def test_the_schema_refuses(path: str, value: Any, text: str) -> None:
    with pytest.raises(helm_python.HelmValuesError) as refused:
        render(changed(MINIMAL, path, value))
    assert text in str(refused.value)


_KEDA = {"enabled": True, "topics": [{"name": "shop.clicks", "partitions": 4}]}
_BY_GUARD: list[tuple[str, Any, str]] = [
    ("kafka.bootstrapServers", "", "kafka.bootstrapServers is required"),
    ("config.kafka.bootstrap\\.servers", "b:9092", "name the brokers twice"),
    ("registry.url", "", "registry.url is required"),
    ("config.registry.url", "http://other:8081", "name the registry twice"),
    ("deadLetters.topic", "", "deadLetters.topic is required"),
    ("config.dead_letters.topic", "other", "name the topic twice"),
    ("yespo", {}, "yespo.siteId or yespo.apiKeySecret.name is required"),
    ("config.yespo.accounts.pl.legacy", {"rate": 5}, "accounts.pl.legacy.site_id is required"),
    ("config.yespo.accounts.pl.v2", {"rate": 5}, "accounts.pl.v2.api_key is required"),
    ("config.yespo.accounts.pl", {}, "accounts.pl needs `legacy` or `v2`"),
    ("config.mappings", ["shop.yaml"], "config.mappings is made by the chart"),
    ("config.kafka.group\\.instance\\.id", "a", 'config.kafka "group.instance.id"'),
    ("config.http.host", "127.0.0.1", "config.http.host 127.0.0.1"),
    ("config.http.port", 0, "config.http.port 0"),
    ("yespo.apiKeySecret", {}, "mappings.shipped send to both APIs"),
    ("mappings.load", ["shop.yaml"], "mappings.load names shop.yaml"),
    ("mappings.existingConfigMap.name", "m", "mappings.existingConfigMap.files is empty"),
    ("mappings.existingConfigMap.files", ["m.yaml"], "mappings.existingConfigMap.name is missing"),
    ("schemas.files", {"a.avsc": "{}"}, "schemas without mappings would not be read"),
    ("mappings.files", {"a.yaml": "x" * 250_001}, "in a Secret of 1 MiB"),
    ("image.tag", "latest", "a rollback would not know what to go back to"),
    (
        "podMonitor",
        {"enabled": True, "interval": "30s", "scrapeTimeout": "1m"},
        "podMonitor.scrapeTimeout 1m is longer than podMonitor.interval 30s",
    ),
    ("dashboards", {"enabled": True, "as": "grafana-operator"}, "dashboards.instanceSelector"),
    ("terminationGracePeriodSeconds", 34, "terminationGracePeriodSeconds 34 is less than 35"),
    ("extraVolumes", [{"name": "config"}], "extraVolumes: the name config is taken"),
    (
        "extraVolumeMounts",
        [{"name": "a", "mountPath": "/etc/yespo-bridge/mappings"}],
        "extraVolumeMounts: /etc/yespo-bridge/mappings is used by the chart",
    ),
    ("extraContainers", [{"name": "bridge", "image": "a:1"}], "the name bridge is taken"),
    (
        "extraEnv",
        [{"name": "YESPO_BRIDGE_DRAIN__SHUTDOWN", "value": "90s"}],
        "YESPO_BRIDGE_DRAIN__SHUTDOWN would not reach terminationGracePeriodSeconds",
    ),
    (
        "extraEnv",
        [{"name": "YESPO_BRIDGE_HTTP__PORT", "value": "80"}],
        "YESPO_BRIDGE_HTTP__PORT would hide the program from its probes",
    ),
    (
        "extraEnv",
        [{"name": "YESPO_BRIDGE_KAFKA__SASL_PASSWORD", "value": "s3cret"}],
        "YESPO_BRIDGE_KAFKA__SASL_PASSWORD looks like a credential",
    ),
    ("extraEnv", [{"name": "A"}, {"name": "A"}], "extraEnv: A is there twice"),
    (
        "config.registry",
        {"username": "a", "password": "${file:/secrets/registry/password}"},
        "secrets does not name registry",
    ),
    (
        "config.registry",
        {"username": "a", "password": "${env:REGISTRY_PASSWORD}"},
        "neither extraEnv nor envFrom sets it",
    ),
    ("config.delivery.ca_file", "/ca/ca.crt", "caBundle.configMap is empty"),
    ("replicaCount", 26, "replicaCount: yespo.requestsPerSecond 250 / 26 pods"),
    ("autoscaling.enabled", True, "autoscaling.topics is empty"),
    ("autoscaling", _KEDA | {"maxReplicas": 5}, "more than the 4 partitions"),
    ("autoscaling", _KEDA | {"minReplicas": 5}, "autoscaling.minReplicas 5 is more than"),
    (
        "autoscaling",
        _KEDA | {"topics": [{"name": "shop.clicks.yespo-dlq", "partitions": 9}]},
        "shop.clicks.yespo-dlq is the dead-letter topic",
    ),
    ("autoscaling", _KEDA | {"sasl": "plaintext"}, "autoscaling.secretTargetRef is empty"),
    ("podLabels", {"app.kubernetes.io/name": "x"}, "app.kubernetes.io/name is set by the chart"),
    ("podAnnotations", {"checksum/config": "x"}, "checksum/config is set by the chart"),
    (
        "serviceMonitor",
        {"enabled": True},
        "podMonitor.enabled and serviceMonitor.enabled would scrape every pod twice",
    ),
    ("prometheusRule", {"enabled": True, "disabled": ["No"]}, "prometheusRule.disabled names No"),
]


@pytest.mark.parametrize(("path", "value", "text"), _BY_GUARD)
def test_a_guard_refuses(path: str, value: Any, text: str) -> None:
    values = MINIMAL
    if path == "serviceMonitor":
        values = changed(values, "podMonitor.enabled", True)
    with pytest.raises(helm_python.HelmRenderError) as refused:
        render(changed(values, path, value))
    assert text in str(refused.value)
    assert str(refused.value).count("\n- ") == 1, "one mistake is one finding"


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(helm_python.HelmRenderError) as refused:
        render({})
    for name in ("kafka.bootstrapServers", "registry.url", "deadLetters.topic", "yespo.siteId"):
        assert f"- {name}" in str(refused.value)
