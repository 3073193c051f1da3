"""Scopes of endpoints: a Deployment for each, which the program's own rules agree with."""

from typing import Any

import helm_python
import pytest

from consumer.config import scopes
from consumer.config.settings import Settings
from tests.helm.chart import Object, Rendered, case, case_values, changed, container, pod_of, render

VALUES = case_values("scopes")
KEDA = {"enabled": True, "maxReplicas": 4, "topics": [{"name": "shop.clicks", "partitions": 12}]}


def deployment(rendered: Rendered, scope: str) -> Object:
    return rendered.one("Deployment", f"demo-yespo-bridge-{scope}")


def labels(found: Object) -> dict[str, str]:
    named: dict[str, str] = found["spec"]["template"]["metadata"]["labels"]
    return named


def test_each_scope_runs_in_pods_of_its_own() -> None:
    rendered = case("scopes")
    assert len(rendered.all("Deployment")) == 2
    for scope in ("tracker", "rest"):
        bridge = container(pod_of(deployment(rendered, scope)), "bridge")
        assert bridge["args"] == ["run", "--json", "--only", scope]


def test_a_scope_selects_its_own_pods_and_no_others() -> None:
    rendered = case("scopes")
    found = rendered.all("Deployment") + rendered.all("PodDisruptionBudget")
    for one in found:
        selector = one["spec"]["selector"]["matchLabels"]
        scope = selector["yespo-bridge/scope"]
        for each in rendered.all("Deployment"):
            ours = labels(each)["yespo-bridge/scope"] == scope
            assert (selector.items() <= labels(each).items()) is ours


def test_a_scope_has_its_own_size() -> None:
    rendered = case("scopes")
    tracker, rest = deployment(rendered, "tracker"), deployment(rendered, "rest")
    assert (tracker["spec"]["replicas"], rest["spec"]["replicas"]) == (3, 1)
    cpu = [
        container(pod_of(each), "bridge")["resources"]["requests"]["cpu"]
        for each in (tracker, rest)
    ]
    assert cpu == ["500m", "250m"]
    [budget] = rendered.all("PodDisruptionBudget")
    assert budget["metadata"]["name"] == "demo-yespo-bridge-tracker"


def test_each_scope_is_scaled_by_the_lag_of_its_own_group() -> None:
    rendered = render(changed(VALUES, "autoscaling", KEDA))
    settings = Settings.model_validate(rendered.config)
    groups = {scope.name: scope.group for scope in scopes.declared(settings)}
    assert groups == {"tracker": "shop", "rest": "shop.rest"}
    for scope, group in groups.items():
        scaled = rendered.one("ScaledObject", f"demo-yespo-bridge-{scope}")["spec"]
        assert scaled["scaleTargetRef"]["name"] == f"demo-yespo-bridge-{scope}"
        assert [one["metadata"]["consumerGroup"] for one in scaled["triggers"]] == [group]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("scopes", {"other": {"replicaCount": 2}}, "scopes.other is no scope of config.scopes"),
        ("scopes", {"tracker": {"replica": 2}}, "additional properties 'replica' not allowed"),
    ],
)
def test_what_is_said_of_a_scope_that_is_none_is_refused(
    path: str, value: Any, message: str
) -> None:
    with pytest.raises(helm_python.HelmError, match=message):
        render(changed(VALUES, path, value))
