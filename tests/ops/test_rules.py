"""The rules, by Prometheus' own tools: they parse, each alert fires when it should, and alone."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.ops.scenarios import FOUR_DAYS, SCENARIOS, SLOW_SCENARIOS, Scenario, healthy

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "helm" / "rules").glob("*.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"


def groups() -> list[dict[str, Any]]:
    return [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def names() -> set[str]:
    return {alert["alert"] for alert in alerts()}


def run(promtool: str, *arguments: str) -> str:
    done = subprocess.run(
        [promtool, *arguments], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def test_promtool_finds_nothing_wrong_with_the_rules(promtool: str) -> None:
    output = run(promtool, "check", "rules", *map(str, RULES))
    assert output.count("SUCCESS") == len(RULES) == 2


def case(scenario: Scenario, interval: str, minutes: int, label: str) -> dict[str, Any]:
    """What promtool shall feed and expect: exactly these alerts fire."""
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


def written(folder: Path, evaluation: str, cases: Sequence[dict[str, Any]]) -> str:
    file = folder / "tests.json"
    content = {
        "rule_files": [str(rules) for rules in RULES],
        "evaluation_interval": evaluation,
        # Without it promtool takes the groups in any order, and one that reads another's recording
        # may be an interval late.
        "group_eval_order": [group["name"] for group in groups()],
        "tests": cases,
    }
    file.write_text(json.dumps(content))
    return str(file)


def test_each_fault_fires_its_alert_and_no_other_and_near_misses_fire_none(
    promtool: str, tmp_path: Path
) -> None:
    cases = [case(scenario, "1m", 200, "alertname") for scenario in SCENARIOS]
    run(promtool, "test", "rules", written(tmp_path, "1m", cases))


def test_budgets_that_burn_slowly_are_seen_within_days(promtool: str, tmp_path: Path) -> None:
    cases = [case(scenario, "5m", FOUR_DAYS, "long") for scenario in SLOW_SCENARIOS]
    run(promtool, "test", "rules", written(tmp_path, "30m", cases))


def test_every_alert_has_a_scenario_in_which_it_fires() -> None:
    assert {name for scenario in SCENARIOS for name in scenario.firing} == names()


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


def test_each_alert_has_its_runbook_and_no_runbook_is_left_over() -> None:
    assert {file.stem for file in RUNBOOKS.glob("Yespo*.md")} == names()
    for file in RUNBOOKS.glob("Yespo*.md"):
        headings = re.findall(r"^## (.+)$", file.read_text(), re.MULTILINE)
        assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"], file.name
        assert re.search(r"^```promql\n", file.read_text(), re.MULTILINE), file.name
