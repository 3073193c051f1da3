"""The dashboards are those of the code, each panel can be read, and no metric is unknown or unused."""

import json
import re
from typing import Any

import pytest

from consumer.observability.metrics.catalogue import METRICS, PROCESS_METRICS
from consumer.observability.metrics.declare import PREFIX
from helm.generators.dashboards import FOLDER, files
from tests.ops.test_rules import RUNBOOKS, alerts, groups

NAME = re.compile(rf"\b(?:{PREFIX}|process_|python_)\w+")
EXPORTED = {
    name
    for metric in METRICS
    for name in (
        [f"{metric.exported}{end}" for end in ("_bucket", "_count", "_sum")]
        if metric.kind == "histogram"
        else [metric.exported]
    )
} | set(PROCESS_METRICS)


def panels() -> list[dict[str, Any]]:
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        dashboard = json.loads(file.read_text())
        found += [one for one in dashboard["panels"] if one["type"] != "row"]
    return found


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def recorded() -> set[str]:
    return {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}


def names_in(text: str) -> set[str]:
    """Metrics named in a query; recorded ones (with colons) left out."""
    return set(NAME.findall(re.sub(r"\w+:[\w:]+", "", text)))


def test_the_dashboards_are_those_of_the_code() -> None:
    written = dict(files())
    assert {path.name for path in FOLDER.glob("*.json")} == {path.name for path in written}
    for path, content in written.items():
        assert path.read_text() == content, "run `python -m helm.generators.dashboards`"
        assert len(content) < 1024 * 1024, "a ConfigMap holds no more"


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_can_be_read(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 15
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    at = panel["gridPos"]
    assert at["x"] + at["w"] <= 24
    for target in panel["targets"]:
        query = target["expr"]
        fixed = re.findall(r"\[(\d\w+)\]", query)
        assert set(fixed) <= {"1h"}, "a fixed range does not follow the zoom"
        for metric in re.findall(rf"{PREFIX}\w+(\{{[^}}]*\}})?", query):
            assert 'job=~"$job"' in metric, query


def test_panels_do_not_overlap() -> None:
    for file in FOLDER.glob("*.json"):
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(file.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells


def test_whatever_is_used_is_exported() -> None:
    rules = [rule["expr"] for group in groups() for rule in group["rules"]]
    books = [
        query
        for file in RUNBOOKS.glob("*.md")
        for query in re.findall(r"```promql\n(.+?)```", file.read_text(), re.DOTALL)
    ]
    known = recorded()
    for query in (*queries(), *rules, *books):
        assert names_in(query) <= EXPORTED, query
        used = set(re.findall(r"namespace_job\w*:[\w:]+", query))
        assert used <= known, query


def test_whatever_is_exported_stands_on_a_dashboard() -> None:
    used = set().union(*map(names_in, queries()))
    for metric in METRICS:
        name = metric.exported
        ways = {f"{name}_bucket", f"{name}_count"} if metric.kind == "histogram" else {name}
        assert ways & used, f"{name} is on no dashboard"


def test_every_alert_names_a_dashboard_that_is_there() -> None:
    there = {json.loads(file.read_text())["uid"] for file in FOLDER.glob("*.json")}
    assert {alert["annotations"]["dashboard"] for alert in alerts()} <= there


def test_every_alert_has_a_panel_on_its_dashboard_that_leads_to_its_runbook() -> None:
    for file in FOLDER.glob("*.json"):
        dashboard = json.loads(file.read_text())
        links = [link["url"] for one in dashboard["panels"] for link in one.get("links", [])]
        about = {
            url.removeprefix("${runbooks:raw}docs/runbooks/").removesuffix(".md") for url in links
        }
        assert {RUNBOOKS / f"{name}.md" for name in about} <= set(RUNBOOKS.glob("*.md"))
        here = {a["alert"] for a in alerts() if a["annotations"]["dashboard"] == dashboard["uid"]}
        assert here, "an alert leads to it"
        assert here <= about, file.name


def test_each_alert_that_fires_leads_to_its_runbook_from_the_table() -> None:
    [table] = [panel for panel in panels() if panel["title"] == "Alerts"]
    [override] = table["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byName", "options": "alertname"}
    [link] = override["properties"][0]["value"]
    assert link["url"] == "${runbooks:raw}docs/runbooks/${__value.raw}.md"


def test_each_cause_that_is_named_leads_to_its_runbook_from_the_table() -> None:
    [table] = [panel for panel in panels() if panel["title"] == "What is wrong"]
    [override] = table["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byName", "options": "cause"}
    [link] = override["properties"][0]["value"]
    assert link["url"] == "${runbooks:raw}docs/runbooks/YespoBridge${__value.raw}.md"


def test_whatever_knows_an_account_follows_the_choice_of_one() -> None:
    with_account = {metric.exported for metric in METRICS if "account" in metric.labels}
    for query in queries():
        for name, selector in re.findall(r"(yespo_bridge_\w+)\{([^}]*)\}", query):
            known = re.sub("_(bucket|count|sum)$", "", name) in with_account
            assert ('account=~"$account"' in selector) is known, query


def test_the_dashboards_lead_to_one_another() -> None:
    boards = [json.loads(file.read_text()) for file in FOLDER.glob("*.json")]
    for one in boards:
        assert {link["url"] for link in one["links"]} == {
            f"/d/{other['uid']}" for other in boards if other is not one
        }
