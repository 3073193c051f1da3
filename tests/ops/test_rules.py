"""The rules, by Prometheus' own tools: they parse, each alert fires when it should, and alone."""

import copy
import functools
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ops.near_misses import NEAR_MISSES, NearMiss
from tests.ops.scenarios import FOUR_DAYS, SCENARIOS, SLOW_SCENARIOS, Scenario, healthy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "helm" / "rules").glob("*.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
PARTS = 6
"""Half a minute of CPU in all; on a busy machine one part still ends in time."""


@functools.cache
def parsed() -> dict[Path, list[dict[str, Any]]]:
    """The groups of each file. Not to be changed."""
    return {file: yaml.safe_load(file.read_text())["groups"] for file in RULES}


def groups() -> list[dict[str, Any]]:
    return [group for found in parsed().values() for group in found]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def names() -> set[str]:
    return {alert["alert"] for alert in alerts()}


def run(promtool: str, *arguments: str) -> str:
    done = subprocess.run(
        [promtool, *arguments], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def test_promtool_finds_nothing_wrong_with_the_rules(promtool: str) -> None:
    output = run(promtool, "check", "rules", *map(str, RULES))
    assert output.count("SUCCESS") == len(RULES) == 2


def case(scenario: Scenario, interval: str, minutes: int, label: str) -> dict[str, Any]:
    """A test for promtool: exactly these alerts fire."""
    given: dict[str, str | None] = {} if scenario.only else dict(healthy(minutes))
    given |= scenario.changes
    chosen = 'alertstate="firing"' + (',long!=""' if label == "long" else "")
    return {
        "name": scenario.name,
        "interval": interval,
        "input_series": [
            {"series": name, "values": values} for name, values in given.items() if values
        ],
        "promql_expr_test": [
            {
                "expr": f"count by ({label}) (ALERTS{{{chosen}}}) * 0 + 1",
                "eval_time": f"{scenario.at}m",
                "exp_samples": [
                    {"labels": f'{{{label}="{value}"}}', "value": 1} for value in scenario.firing
                ],
            }
        ],
    }


def written(
    folder: Path,
    evaluation: str,
    cases: Sequence[dict[str, Any]],
    rules: Sequence[Path] = RULES,
    name: str = "tests",
) -> str:
    file = folder / f"{name}.json"
    content = {
        "rule_files": [str(one) for one in rules],
        "evaluation_interval": evaluation,
        # Without it promtool takes the groups in any order, and one that reads another's recording
        # may be an interval late.
        "group_eval_order": [group["name"] for group in groups()],
        "tests": cases,
    }
    file.write_text(json.dumps(content))
    return str(file)


def weakened(miss: NearMiss) -> dict[str, Any]:
    """A rule file with what is recorded and this alert alone, without what keeps it quiet."""
    [file] = [
        file
        for file, found in parsed().items()
        if any(rule.get("alert") == miss.alert for group in found for rule in group["rules"])
    ]
    found = copy.deepcopy(parsed()[file])
    changed = 0
    for group in found:
        group["rules"] = [one for one in group["rules"] if one.get("alert") in {None, miss.alert}]
        for rule in group["rules"]:
            if "alert" in rule and (miss.text == "for" or miss.text in rule["expr"]):
                changed += 1
                if miss.text == "for":
                    rule["for"] = miss.weaker
                else:
                    rule["expr"] = rule["expr"].replace(miss.text, miss.weaker)
    assert changed, miss
    return {"groups": found}


@pytest.mark.parametrize("part", range(PARTS))
def test_each_fault_fires_its_alert_and_no_other_and_near_misses_fire_none(
    promtool: str, tmp_path: Path, part: int
) -> None:
    cases = [case(scenario, "1m", 200, "alertname") for scenario in SCENARIOS[part::PARTS]]
    run(promtool, "test", "rules", written(tmp_path, "1m", cases))


@pytest.mark.parametrize("part", range(2))
def test_budgets_that_burn_slowly_are_seen_within_days(
    promtool: str, tmp_path: Path, part: int
) -> None:
    cases = [case(scenario, "5m", FOUR_DAYS, "long") for scenario in SLOW_SCENARIOS[part::2]]
    run(promtool, "test", "rules", written(tmp_path, "30m", cases))


def test_every_alert_has_a_scenario_in_which_it_fires() -> None:
    assert {name for scenario in SCENARIOS for name in scenario.firing} == names()


def test_every_alert_has_a_near_miss() -> None:
    assert {miss.alert for miss in NEAR_MISSES} == names()
    quiet = {scenario.name for scenario in SCENARIOS if not scenario.firing}
    assert {miss.scenario for miss in NEAR_MISSES} <= quiet


def test_a_near_miss_is_near(promtool: str, tmp_path: Path) -> None:
    """Take one clause away, and what is quiet above fires: so it is this clause that is tested."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    files = []
    for number, miss in enumerate(NEAR_MISSES):
        rules = tmp_path / f"rules-{number}.json"
        rules.write_text(json.dumps(weakened(miss)))
        fires = replace(by_name[miss.scenario], firing=(miss.alert,))
        cases = [case(fires, "1m", 200, "alertname")]
        files.append(written(tmp_path, "1m", cases, [rules], f"tests-{number}"))
    run(promtool, "test", "rules", *files)


def test_every_alert_says_how_bad_it_is_what_it_means_and_what_to_do() -> None:
    for alert in alerts():
        name, notes = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, name
        assert alert["labels"]["cause"], name
        assert alert["for"], name
        assert re.fullmatch(r"[A-Z].*\.", notes["summary"]), name
        assert "{{" not in notes["summary"], f"{name}: a summary is one constant sentence"
        assert notes["description"].endswith("."), name
        assert notes["runbook_url"] == f"docs/runbooks/{name}.md"
        assert (ROOT / "helm" / "dashboards" / f"{notes['dashboard']}.json").exists(), name


def test_a_threshold_is_one_number_of_its_alert() -> None:
    """The chart replaces it by a user's own."""
    found = [alert for alert in alerts() if "threshold" in alert["annotations"]]
    assert len(found) == 10
    for alert in found:
        number = re.escape(alert["annotations"]["threshold"])
        assert len(re.findall(rf"> {number}(?![\d.])", alert["expr"])) == 1, alert["alert"]


def test_each_alert_has_its_runbook_and_no_runbook_is_left_over() -> None:
    assert {file.stem for file in RUNBOOKS.glob("Yespo*.md")} == names()
    for file in RUNBOOKS.glob("Yespo*.md"):
        headings = re.findall(r"^## (.+)$", file.read_text(), re.MULTILINE)
        assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"], file.name
        assert re.search(r"^```promql\n", file.read_text(), re.MULTILINE), file.name
