"""What has to be true of every release, asked of what the value files become."""

import base64
import gzip
import itertools
import json
import re
from random import Random
from typing import Any

import helm_python
import pytest
import yaml

from consumer.config.budgets import COMMIT_SECONDS, MARGIN_SECONDS, Budgets
from consumer.config.environment import CONFIG_VARIABLE
from consumer.config.settings import Settings
from consumer.config.shape import variables
from tests.helm.chart import (
    CASES,
    CHART,
    Rendered,
    annotations,
    case,
    case_values,
    changed,
    chart,
    container,
    pod_of,
    pods,
    render,
)

pytestmark = pytest.mark.slow

INLINE = case_values("inline")

# ---- pods ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_pod_keeps_to_the_restricted_profile(name: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    for kind, pod in pods(case(name)):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            assert not pod.get(key), (kind, key)
        own = pod["securityContext"]
        assert own["runAsNonRoot"] is True
        # OpenShift's own profile names a user of the namespace's range: the chart must name none.
        assert own["runAsUser"] > 0 if name != "openshift" else "runAsUser" not in own
        assert own["seccompProfile"] == {"type": "RuntimeDefault"}
        for volume in pod["volumes"]:
            (source,) = set(volume) - {"name"}
            assert source in {"configMap", "emptyDir", "projected", "secret"}
        for one in pod["containers"] + pod.get("initContainers", []):
            context = one["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context.get("privileged")
            assert all("hostPort" not in port for port in one.get("ports", []))


@pytest.mark.parametrize("name", CASES)
def test_the_program_cannot_write_and_has_no_token(name: str) -> None:
    for _, pod in pods(case(name)):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        writable = {v["name"] for v in pod["volumes"] if "emptyDir" in v}
        assert writable == {"cache"}
        (one,) = [c for c in pod["containers"] if c["name"] in {"bridge", "check"}]
        assert one["securityContext"]["readOnlyRootFilesystem"] is True
        for mount in one["volumeMounts"]:
            assert mount.get("readOnly", False) is (mount["name"] not in writable)
    for account in case(name).all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", CASES)
def test_every_mount_has_its_volume_and_every_volume_its_mount(name: str) -> None:
    for _, pod in pods(case(name)):
        mounted = {m["name"] for c in pod["containers"] for m in c.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("name", CASES)
def test_every_file_of_a_volume_is_in_a_configmap_of_the_release(name: str) -> None:
    """A key that is not there keeps a pod from starting."""
    rendered, own = case(name), case_values(name)
    given = {
        own.get(k, {}).get("existingConfigMap", {}).get("name") for k in ("mappings", "schemas")
    }
    for _, pod in pods(rendered):
        (config,) = [v["projected"] for v in pod["volumes"] if v["name"] == "config"]
        for source in config["sources"]:
            wanted = source["configMap"]
            if wanted["name"] not in given:
                held = rendered.one("ConfigMap", wanted["name"])["data"]
                assert {item["key"] for item in wanted["items"]} <= set(held)


@pytest.mark.parametrize("name", CASES)
def test_the_grace_period_is_the_programs_own_budget(name: str) -> None:
    rendered = case(name)
    budget = Budgets.of(Settings.model_validate(rendered.config)).termination_grace
    assert rendered.pod["terminationGracePeriodSeconds"] == budget


@pytest.mark.parametrize(
    ("drain", "seconds"),
    [(25, 35), ("25s", 35), ("1m", 70), ("1.5m", 100), ("20500ms", 31), (30.2, 41), (" 40 s ", 50)],
)
def test_the_grace_period_follows_the_drain_however_it_is_written(drain: Any, seconds: int) -> None:
    assert (COMMIT_SECONDS, MARGIN_SECONDS) == (5, 5)
    rendered = render(changed(INLINE, "config.drain.shutdown", drain))
    assert rendered.pod["terminationGracePeriodSeconds"] == seconds
    assert rendered.config["drain"]["shutdown"] == drain


def test_a_longer_grace_period_is_kept() -> None:
    rendered = render(changed(INLINE, "terminationGracePeriodSeconds", 300))
    assert rendered.pod["terminationGracePeriodSeconds"] == 300


def test_probes_ask_the_port_that_the_program_listens_on() -> None:
    rendered = render(changed(INLINE, "config.http.port", 9200))
    assert rendered.bridge["ports"] == [{"name": "http", "containerPort": 9200}]
    assert rendered.config["http"]["port"] == 9200
    paths = {
        kind: rendered.bridge[kind]["httpGet"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": {"path": "/startupz", "port": "http"},
        "livenessProbe": {"path": "/livez", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }


def test_a_rollout_replaces_pods_one_by_one_without_surplus() -> None:
    spec = case("production").one("Deployment")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


# ---- configuration -------------------------------------------------------------------------


def test_config_goes_over_what_the_values_give_and_nothing_is_lost_on_the_way() -> None:
    own: dict[str, Any] = {
        "kafka": {"enable.ssl.certificate.verification": False, "session.timeout.ms": 60000},
        "registry": {"cache_dir": "/var/cache/yespo-bridge/schemas", "timeout": "2.5s"},
        "yespo": {"accounts": {"main": {"legacy": {"url": "http://proxy/a?b=c", "burst": 7}}}},
        "delivery": {"retry": {"initial": 0.25}, "rules": [{"status": 404, "means": "transient"}]},
        "buffer": {"bytes": 33554432, "records": 20000},
        "commit": {"max_gap": 1000000},
        "start": {"no_offset": "2026-11-20T10:00:00Z"},
        "log": {"level": "debug"},
    }
    found = render(changed(case_values("minimal"), "config", own)).config
    assert found == {
        **own,
        "kafka": {
            "bootstrap.servers": "kafka-0.kafka:9092,kafka-1.kafka:9092",
            "group.id": "shop.demo-yespo-bridge",
            "enable.ssl.certificate.verification": False,
            "session.timeout.ms": 60000,
        },
        "registry": {"url": "http://registry:8081", **own["registry"]},
        "mappings": ["/opt/yespo-bridge/mappings/shop.yaml"],
        "yespo": {
            "accounts": {
                "main": {
                    "legacy": {"site_id": "8A412DC", "url": "http://proxy/a?b=c", "burst": 7},
                    "v2": {"api_key": "${file:/secrets/yespo/api-key}", "rate": 250},
                }
            }
        },
        "dead_letters": {"topic": "shop.clicks.yespo-dlq"},
        "http": {"port": 9108},
    }


@pytest.mark.parametrize(("name", "rate"), [("minimal", 250), ("keda", 250), ("production", 300)])
def test_the_whole_groups_rate_reaches_the_program_which_shares_it(name: str, rate: int) -> None:
    config = case(name).config
    assert config["yespo"]["accounts"]["main"]["v2"]["rate"] == rate
    assert Settings.model_validate(config).delivery.share == "auto"


def test_an_account_with_a_rate_of_its_own_keeps_it() -> None:
    accounts = case("accounts").config["yespo"]["accounts"]
    assert accounts["pl"]["v2"]["rate"] == 100
    assert accounts["ua"]["v2"]["rate"] == 250
    assert "v2" not in accounts["de"]


@pytest.mark.parametrize("file", ["mappings", "schemas"])
def test_files_arrive_byte_by_byte(file: str) -> None:
    given = INLINE[file]["files"]
    data = case("inline").one("ConfigMap", "demo-yespo-bridge-files")["data"]
    for name, text in given.items():
        assert data[name] == text


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        "version: 1",
        "a: |\n  b\n\n\nc: 'd'   \n",
        'a: "\t{{ .Values }}"\r\n',
        "ціна: 5 # грн\n",
        "  indented: first\n",
    ],
)
def test_no_text_is_changed_by_templates(text: str) -> None:
    rendered = render(changed(INLINE, "mappings.files", {"shop.yaml": text}))
    assert rendered.one("ConfigMap", "demo-yespo-bridge-files")["data"]["shop.yaml"] == text


# ---- environment ---------------------------------------------------------------------------

_REFUSED = {
    "YESPO_BRIDGE_HTTP__HOST",
    "YESPO_BRIDGE_HTTP__PORT",
    "YESPO_BRIDGE_DRAIN__SHUTDOWN",
    "YESPO_BRIDGE_MAPPINGS",
}


def test_every_variable_that_the_program_reads_can_be_set() -> None:
    names = sorted({name.replace("<NAME>", "MAIN") for name in variables()} - _REFUSED)
    assert len(names) > 100
    env = [{"name": n, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}} for n in names]
    rendered = render(changed(INLINE, "extraEnv", env))
    for _, pod in pods(rendered):
        (one,) = [c for c in pod["containers"] if c["name"] in {"bridge", "check"}]
        assert [variable["name"] for variable in one["env"]] == [CONFIG_VARIABLE, *names]


@pytest.mark.parametrize("name", sorted(_REFUSED))
def test_variables_that_the_chart_computes_with_are_refused(name: str) -> None:
    assert name in set(variables())
    with pytest.raises(helm_python.HelmRenderError, match=name):
        render(changed(INLINE, "extraEnv", [{"name": name, "value": "1"}]))


@pytest.mark.parametrize("name", CASES)
def test_every_variable_that_the_chart_sets_is_read(name: str) -> None:
    given = {variable["name"] for variable in case_values(name).get("extraEnv", [])}
    for _, pod in pods(case(name)):
        for one in pod["containers"]:
            set_by_chart = {v["name"] for v in one.get("env", [])} - given
            assert set_by_chart <= {CONFIG_VARIABLE}


# ---- secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_no_object_holds_a_credential(name: str) -> None:
    rendered = case(name)
    assert rendered.all("Secret") == []
    for found in rendered.objects:
        for key, value in _leaves(found):
            if re.search(r"(password|api_key|token|passphrase|key\.pem)$", key):
                assert re.fullmatch(r"\$\{(env|file):[^}]+\}", value), key
        for text in annotations(found).values():
            assert "${" not in text


def _leaves(value: Any, key: str = "") -> Any:
    """Every text with its key; YAML within a ConfigMap is looked into."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    elif isinstance(value, str) and key == "bridge.yaml":
        yield from _leaves(yaml.safe_load(value))
    elif isinstance(value, str):
        yield key, value


def test_secrets_are_mounted_where_the_configuration_looks_for_them() -> None:
    rendered = case("production")
    mounts = {m["mountPath"]: m["name"] for m in rendered.bridge["volumeMounts"]}
    volumes = {v["name"]: v for v in rendered.pod["volumes"]}
    found = {
        path.rpartition("/")[2]: volumes[name]["secret"]["secretName"]
        for path, name in mounts.items()
        if path.startswith("/secrets/")
    }
    assert found == {
        "yespo": "yespo",
        "kafka-login": "kafka-login",
        "registry-login": "registry-login",
    }


# ---- changes of mappings -------------------------------------------------------------------


def _with_another_byte(on_change: str) -> tuple[Rendered, Rendered]:
    before = changed(INLINE, "mappings.onChange", on_change)
    after = changed(
        before, "mappings.files", {"shop.yaml": INLINE["mappings"]["files"]["shop.yaml"] + " "}
    )
    return render(before), render(after)


def _pod_template(rendered: Rendered) -> Any:
    return rendered.one("Deployment")["spec"]["template"]


def test_a_changed_byte_of_a_mapping_rolls_out() -> None:
    before, after = _with_another_byte("rollout")
    assert _pod_template(before) != _pod_template(after)
    assert _pod_template(before)["spec"] == _pod_template(after)["spec"]


def test_a_changed_byte_of_a_mapping_reloads_in_place_where_asked() -> None:
    """The pods stay, and the ConfigMap they have mounted changes."""
    before, after = _with_another_byte("reload")
    assert _pod_template(before) == _pod_template(after)
    name = "demo-yespo-bridge-files"
    assert before.one("ConfigMap", name)["data"] != after.one("ConfigMap", name)["data"]
    (mount,) = [m for m in after.bridge["volumeMounts"] if m["name"] == "config"]
    assert "subPath" not in mount, "the kubelet never updates a file mounted by subPath"


def test_a_changed_schema_rolls_out() -> None:
    before = changed(INLINE, "mappings.onChange", "rollout")
    after = changed(before, "schemas.files", {"shop_click.avsc": "{} "})
    assert _pod_template(render(before)) != _pod_template(render(after))


@pytest.mark.parametrize("on_change", ["rollout", "reload"])
def test_a_changed_configuration_always_rolls_out(on_change: str) -> None:
    """The program reads it once."""
    before = changed(INLINE, "mappings.onChange", on_change)
    after = changed(before, "config.log.level", "debug")
    assert _pod_template(render(before)) != _pod_template(render(after))


# ---- hooks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CASES if name != "bare"])
def test_the_check_has_the_very_objects_of_the_release(name: str) -> None:
    rendered = case(name)
    full = rendered.one("Job")["metadata"]["name"].removesuffix("-check")
    for suffix in ("", "-files"):
        own = [o for o in rendered.all("ConfigMap") if o["metadata"]["name"] == full + suffix]
        for found in own:
            copy = rendered.one("ConfigMap", f"{full}-check{suffix}")
            assert copy["data"] == found["data"]
    job, own_pod = pod_of(rendered.one("Job")), rendered.pod
    renamed = yaml.safe_load(
        yaml.safe_dump(job["volumes"]).replace(f"name: {full}-check", f"name: {full}")
    )
    assert renamed == own_pod["volumes"]
    for key in ("securityContext", "imagePullSecrets", "nodeSelector", "tolerations", "affinity"):
        assert job.get(key) == own_pod.get(key)
    check = container(job, "check")
    for key in ("image", "imagePullPolicy", "env", "envFrom", "volumeMounts", "securityContext"):
        assert check.get(key) == rendered.bridge.get(key), key


@pytest.mark.parametrize("name", [name for name in CASES if name != "bare"])
def test_the_check_needs_nothing_that_the_release_brings(name: str) -> None:
    """At an install none of it is there yet."""
    rendered = case(name)
    hooks = [o for o in rendered.objects if "pre-install" in annotations(o).get("helm.sh/hook", "")]
    made = {(o["kind"], o["metadata"]["name"]) for o in hooks}
    release = {
        (o["kind"], o["metadata"]["name"]) for o in rendered.objects if not annotations(o)
    } - made
    (job,) = [o for o in hooks if o["kind"] == "Job"]
    needed = {("ServiceAccount", pod_of(job)["serviceAccountName"])}
    for volume in pod_of(job)["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            needed.add(("ConfigMap", source["configMap"]["name"]))
    assert not needed & release
    weights = {o["kind"]: int(annotations(o)["helm.sh/hook-weight"]) for o in hooks}
    assert max(weights, key=weights.__getitem__) == "Job"
    for found in hooks:
        assert annotations(found)["helm.sh/hook"] == "pre-install,pre-upgrade"
        policy = annotations(found)["helm.sh/hook-delete-policy"]
        assert policy == "before-hook-creation,hook-succeeded"


@pytest.mark.parametrize(
    ("connections", "args"),
    [
        ("warn", ["check", "--connect", "--warn-only"]),
        ("fail", ["check", "--connect"]),
        ("skip", ["check"]),
    ],
)
def test_what_a_failed_connection_does_is_a_value(connections: str, args: list[str]) -> None:
    job = render(changed(INLINE, "check.connections", connections)).one("Job")
    assert container(pod_of(job), "check")["args"] == args
    assert job["spec"]["backoffLimit"] == 0


def test_without_the_check_there_are_no_hooks_before_an_upgrade() -> None:
    hooks = [annotations(o).get("helm.sh/hook") for o in case("bare").objects]
    assert set(hooks) == {None, "test"}


# ---- scaling, network, monitoring ----------------------------------------------------------


def test_autoscaling_leaves_the_number_of_pods_to_keda() -> None:
    rendered = case("keda")
    assert "replicas" not in rendered.one("Deployment")["spec"]
    scaled = rendered.one("ScaledObject")["spec"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 12)
    assert scaled["scaleTargetRef"]["name"] == rendered.one("Deployment")["metadata"]["name"]
    asked = [trigger["metadata"] for trigger in scaled["triggers"]]
    assert [one["topic"] for one in asked] == ["shop.clicks", "shop.orders"]
    for one in asked:
        assert one["consumerGroup"] == rendered.config["kafka"]["group.id"]
        assert one["bootstrapServers"] == rendered.config["kafka"]["bootstrap.servers"]
        assert one["lagThreshold"] == "2000"


def test_the_network_policy_opens_the_ports_that_the_configuration_names() -> None:
    policy = case("restricted").release("NetworkPolicy")["spec"]
    out = [port["port"] for rule in policy["egress"] for port in rule["ports"]]
    assert out == [53, 53, 443, 8081, 9092, 9094]
    assert policy["ingress"] == [
        {
            "ports": [{"protocol": "TCP", "port": 9108}],
            "from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
        }
    ]
    for _, labels in _pod_labels(case("restricted")):
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("path", "url", "port"),
    [
        ("config.delivery.proxy", "http://proxy.corp:3128", 3128),
        ("config.yespo.accounts.main.v2.past_events.url", "https://gateway:8443/past", 8443),
        ("config.kafka.sasl\\.oauthbearer\\.token\\.endpoint\\.url", "https://idp:9443/t", 9443),
    ],
)
def test_the_network_policy_opens_the_port_of_each_url_that_is_configured(
    path: str, url: str, port: int
) -> None:
    policy = render(changed(case_values("restricted"), path, url)).release("NetworkPolicy")
    out = [entry["port"] for rule in policy["spec"]["egress"] for entry in rule["ports"]]
    assert out == sorted([53, 53, 443, 8081, 9092, 9094, port])


@pytest.mark.parametrize(
    "path", ["config.delivery.proxy", "config.yespo.accounts.main.v2.past_events.url"]
)
def test_the_port_of_a_url_that_only_a_reference_knows_is_left_to_the_user(path: str) -> None:
    values = changed(case_values("restricted"), path, "${env:URL}")
    values = changed(values, "extraEnv", [{"name": "URL", "value": "http://proxy.corp:3128"}])
    policy = render(values).release("NetworkPolicy")
    out = [entry["port"] for rule in policy["spec"]["egress"] for entry in rule["ports"]]
    assert out == [53, 53, 443, 8081, 9092, 9094]


def test_annotations_of_the_check_are_those_of_its_pod_and_of_the_test_pod() -> None:
    given = {"sidecar.istio.io/inject": "false"}
    rendered = render(changed(case_values("minimal"), "check.podAnnotations", given))
    job, pod = rendered.one("Job"), rendered.one("Pod")
    assert annotations(job["spec"]["template"]) == given
    assert annotations(pod).items() >= given.items()


def _pod_labels(rendered: Rendered) -> Any:
    for found in rendered.objects:
        if found["kind"] in {"Deployment", "Job"}:
            yield found["kind"], found["spec"]["template"]["metadata"]["labels"]
        elif found["kind"] == "Pod":
            yield "Pod", found["metadata"]["labels"]


@pytest.mark.parametrize("name", CASES)
def test_the_deployment_and_its_helpers_select_the_bridge_and_no_job(name: str) -> None:
    rendered = case(name)
    selectors = []
    if name != "scopes":  # each scope's select its own pods alone: see below
        selectors += [rendered.one("Deployment")["spec"]["selector"]["matchLabels"]]
        selectors += [
            o["spec"]["selector"]["matchLabels"] for o in rendered.all("PodDisruptionBudget")
        ]
    selectors += [o["spec"]["selector"]["matchLabels"] for o in rendered.all("PodMonitor")]
    selectors += [o["spec"]["selector"] for o in rendered.all("Service")]
    for selector in selectors:
        for kind, labels in _pod_labels(rendered):
            assert (selector.items() <= labels.items()) is (kind == "Deployment")
        assert "helm.sh/chart" not in selector
        assert "app.kubernetes.io/version" not in selector


def test_a_disruption_budget_of_nothing_is_kept() -> None:
    values = changed(case_values("keda"), "podDisruptionBudget.maxUnavailable", 0)
    assert render(values).one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 0
    assert case("minimal").all("PodDisruptionBudget") == []
    assert case("extras").one("PodDisruptionBudget")["spec"]["minAvailable"] == 1


# ---- the number of pods --------------------------------------------------------------------

_HELM = {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
_HPA = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "subresource": "scale",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}
_OTHER_FIELDS = {
    "manager": "kubectl-rollout",
    "operation": "Update",
    "fieldsV1": {"f:spec": {"f:template": {}}},
}


def replicas_beside(live: dict[str, Any], **values: Any) -> int | None:
    """What the chart writes into `spec.replicas` where the cluster has such a Deployment.

    `lookup` finds nothing without a cluster, so the template is asked as a user's own object asks it.
    """
    asking = (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: asked-more}, data: {replicas: "
        '{{ include "yespo-bridge.replicas" (list . (fromJson `LIVE`)) | quote }} }}'
    ).replace("LIVE", json.dumps(live))
    rendered = render({**case_values("keda"), "extraObjects": [asking], **values})
    text = rendered.one("ConfigMap", "asked-more")["data"]["replicas"]
    return int(text) if text else None


def deployment_of(number: int, *managers: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(managers)}, "spec": {"replicas": number}}


def test_switching_autoscaling_on_keeps_the_pods_until_somebody_else_has_set_their_number() -> None:
    """A field that its only owner leaves out falls back to 1."""
    assert replicas_beside(deployment_of(4, _HELM)) == 4
    assert replicas_beside(deployment_of(4, _HELM, _OTHER_FIELDS)) == 4
    assert replicas_beside(deployment_of(6, _HELM, _HPA)) is None
    assert replicas_beside(deployment_of(6, _HPA)) is None
    assert replicas_beside({}) is None


def test_a_number_that_is_left_to_others_is_left_to_kubectl_scale_too() -> None:
    off = {"autoscaling": {"enabled": False}, "replicaCount": None}
    scaled = {**_HPA, "manager": "kubectl"}
    assert replicas_beside(deployment_of(3, _HELM), **off) == 3
    assert replicas_beside(deployment_of(5, _HELM, scaled), **off) is None
    assert replicas_beside(deployment_of(5, _HELM, scaled), **(off | {"replicaCount": 2})) == 2


@pytest.mark.parametrize("kind", ["RollingUpdate", "Recreate"])
def test_a_strategy_has_only_what_its_type_allows(kind: str) -> None:
    """https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/"""
    rendered = render(changed(INLINE, "strategy.type", kind))
    strategy = rendered.one("Deployment")["spec"]["strategy"]
    assert ("rollingUpdate" in strategy) is (kind == "RollingUpdate")


def test_no_key_stands_twice_in_what_is_rendered() -> None:
    values = case_values("grafana-operator")
    assert values["podLabels"].keys() & values["commonLabels"].keys() == {"team"}
    files = chart().render(values, name="demo", namespace="shop", is_install=True)
    for path, text in files.items():
        if not path.endswith("NOTES.txt"):
            list(yaml.load_all(text, Loader=_NoTwins))  # a safe loader that refuses twins
    labels = case("grafana-operator").one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels["team"] == "crm"


class _NoTwins(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys}"
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize(("start", "policy"), [("earliest", "earliest"), ("latest", "latest")])
def test_keda_counts_from_where_the_group_begins(start: str, policy: str) -> None:
    rendered = render(changed(case_values("keda"), "config.start.no_offset", start))
    for trigger in rendered.one("ScaledObject")["spec"]["triggers"]:
        assert trigger["metadata"]["offsetResetPolicy"] == policy


def test_the_check_gives_up_before_helm_does_and_a_failed_job_goes_by_itself() -> None:
    spec = case("minimal").one("Job")["spec"]
    assert spec["activeDeadlineSeconds"] < 300, "Helm's own --timeout"
    assert spec["ttlSecondsAfterFinished"] == 86_400
    assert "get events" in case("minimal").notes


def test_a_release_with_the_largest_files_fits_into_helms_secret() -> None:
    """helm.sh/helm/v4/pkg/storage/driver: a release is JSON, compressed by gzip, then base64."""
    letters = Random(7)
    line = '  - name: rule {}\n    when: kind == "{}"\n    send: [{{v2: {}}}]\n'
    words = ("".join(letters.choices("abcdefghijklmnop", k=12)) for _ in itertools.count())
    text = ""
    while len(text) < 230_000:
        text += line.format(next(words), next(words), next(words))
    values = changed(INLINE, "mappings.files", {"shop.yaml": text}) | {"schemas": {}}
    manifest = chart().render(values, name="demo", namespace="shop", is_install=True)
    sources = {
        str(p): p.read_text() for p in CHART.rglob("*") if p.suffix in {".tpl", ".yaml", ".json"}
    }
    release = json.dumps({"config": values, "manifest": manifest, "chart": sources})
    stored = len(base64.b64encode(gzip.compress(release.encode(), 9)))
    assert stored < 1024**2, stored
