"""Rules and dashboards reach the cluster as they stand in their files."""

import json
from typing import Any

import pytest
import yaml

from tests.helm.chart import CHART, annotations, case, case_values, changed, render

RULES = sorted(CHART.glob("rules/*.yaml"))
DASHBOARDS = sorted(CHART.glob("dashboards/*.json"))
_ANY_BRIDGE = "absent(yespo_bridge_build_info)"
_OWN_BRIDGE = 'absent(yespo_bridge_build_info{namespace="shop"})'
_OWN_JOB = 'absent(yespo_bridge_build_info{namespace="shop", job=~"(.+/)?demo-yespo-bridge"})'
_ON = changed(case_values("minimal"), "prometheusRule", {"enabled": True})


def test_there_are_rules_and_dashboards() -> None:
    assert RULES
    assert DASHBOARDS


def test_rules_are_the_very_ones_that_were_tested() -> None:
    """Prometheus' own `{{ $labels }}` must not be taken for Helm's."""
    rendered = render(_ON)
    found = [o["spec"]["groups"] for o in rendered.all("PrometheusRule")]
    texts = [path.read_text().replace(_ANY_BRIDGE, _OWN_BRIDGE) for path in RULES]
    assert found == [yaml.safe_load(text)["groups"] for text in texts]


def test_a_bridge_that_vanishes_is_missed_though_another_shops_goes_on() -> None:
    expressions = [
        rule["expr"]
        for found in render(_ON).all("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "YespoBridgeAbsent"
    ]
    assert expressions == ['absent(yespo_bridge_build_info{namespace="shop"})']


@pytest.mark.parametrize("monitor", ["podMonitor", "serviceMonitor"])
def test_a_release_whose_monitor_is_the_charts_own_is_missed_though_its_neighbour_goes_on(
    monitor: str,
) -> None:
    [found] = [rule for rule in rules(changed(_ON, f"{monitor}.enabled", True)) if is_absent(rule)]
    assert found["expr"] == _OWN_JOB


def test_threshold_patience_and_severity_of_an_alert_can_be_changed() -> None:
    override = {"threshold": "0.1", "for": "30m", "severity": "critical"}
    values = changed(_ON, "prometheusRule.overrides", {"YespoBridgeRequestsFailing": override})
    usual = {rule.get("alert"): rule for rule in rules(_ON)}
    found = {rule.get("alert"): rule for rule in rules(values)}
    changed_one, former = found["YespoBridgeRequestsFailing"], usual["YespoBridgeRequestsFailing"]
    assert changed_one["expr"] == former["expr"].replace("> 0.05", "> 0.1")
    assert (changed_one["for"], changed_one["labels"]["severity"]) == ("30m", "critical")
    assert changed_one["labels"]["cause"] == "vendor"
    assert changed_one["annotations"]["threshold"] == "0.1"
    del found["YespoBridgeRequestsFailing"], usual["YespoBridgeRequestsFailing"]
    assert found == usual


def test_a_threshold_that_an_alert_does_not_have_is_refused() -> None:
    override = {"YespoBridgeAbsent": {"threshold": 3}}
    with pytest.raises(Exception, match="has a threshold, and the alert has none to change"):
        render(changed(_ON, "prometheusRule.overrides", override))


def rules(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        rule
        for found in render(values).all("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
    ]


def is_absent(rule: dict[str, Any]) -> bool:
    return rule.get("alert") == "YespoBridgeAbsent"


def test_alerts_get_labels_and_recording_rules_none() -> None:
    groups = [g for o in case("production").all("PrometheusRule") for g in o["spec"]["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    assert any("record" in rule for rule in rules)
    for rule in rules:
        assert (rule.get("labels", {}).get("team") == "crm") is ("alert" in rule)


def test_runbooks_can_be_followed_from_a_pager() -> None:
    base = "https://git.example.com/yespo-bridge/blob/main/docs/runbooks/"
    urls = [
        rule["annotations"]["runbook_url"]
        for found in case("production").all("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert urls
    assert all(url.startswith(base) for url in urls)


def test_an_alert_can_be_left_out() -> None:
    text = "\n".join(path.read_text() for path in RULES)
    name = next(line.split(": ")[1] for line in text.splitlines() if "- alert: " in line)
    rendered = render(changed(_ON, "prometheusRule.disabled", [name]))
    left = [
        rule.get("alert")
        for found in rendered.all("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
    ]
    assert name not in left
    assert any(left)


def test_dashboards_are_byte_by_byte_those_of_the_files_and_labelled_for_the_sidecar() -> None:
    maps = [
        found
        for found in case("production").all("ConfigMap")
        if found["metadata"]["labels"].get("grafana_dashboard") == "1"
    ]
    data = {name: text for found in maps for name, text in found["data"].items()}
    assert data == {path.name: path.read_text() for path in DASHBOARDS}
    for found in maps:
        assert annotations(found) == {"grafana_folder": "Yespo"}
        assert len(json.dumps(found)) < 1024**2, "a ConfigMap holds 1 MiB"


def test_panels_lead_to_the_runbooks_of_the_house() -> None:
    base = "https://wiki.shop.ua/bridge/"
    rendered = render(
        changed(
            changed(case_values("production"), "prometheusRule.runbookBase", base),
            "dashboards.enabled",
            True,
        )
    )
    found = [
        json.loads(text)
        for one in rendered.all("ConfigMap")
        for name, text in one["data"].items()
        if name.startswith("yespo-bridge-") and name.endswith(".json")
    ]
    assert len(found) == len(DASHBOARDS)
    for dashboard in found:
        [variable] = [v for v in dashboard["templating"]["list"] if v["name"] == "runbooks"]
        assert variable["query"] == variable["current"]["value"] == base


def test_without_a_place_of_runbooks_no_panel_links_to_one() -> None:
    rendered = render(changed(case_values("minimal"), "dashboards.enabled", True))
    texts = [
        text
        for one in rendered.all("ConfigMap")
        for name, text in one["data"].items()
        if name.endswith(".json")
    ]
    assert len(texts) == len(DASHBOARDS)
    for text in texts:
        assert "example.com" not in text
        assert "${runbooks" not in text
        assert json.loads(text)["panels"]


def test_grafana_operator_gets_the_same_dashboards() -> None:
    found = case("grafana-operator").all("GrafanaDashboard")
    texts = [json.loads(one["spec"]["json"]) for one in found]
    assert {text["uid"] for text in texts} == {json.loads(p.read_text())["uid"] for p in DASHBOARDS}
