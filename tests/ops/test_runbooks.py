"""The runbooks can be followed: their questions find something, their commands are understood."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from consumer.cli.main import cli
from consumer.observability.metrics.catalogue import METRICS, PROCESS_METRICS
from tests.ops.runbooks import commands, questions
from tests.ops.scenarios import CAUSES, SCENARIOS, Scenario, healthy
from tests.ops.test_dashboards import names_in
from tests.ops.test_rules import groups, names, run, written

pytestmark = pytest.mark.slow

COMMANDS = commands()


def asked(scenario: Scenario, alert: str) -> dict[str, Any]:
    """A test for promtool: each question of the runbook finds something."""
    given: dict[str, str | None] = {**healthy(200), **CAUSES}
    if scenario.only:
        given = {name: CAUSES.get(name) for name in ("up", *CAUSES) if "build_info" not in name}
    given |= {name: values for name, values in scenario.changes.items() if name not in CAUSES}
    return {
        "name": f"{alert}: {scenario.name}",
        "interval": "1m",
        "input_series": [
            {"series": name, "values": values} for name, values in given.items() if values
        ],
        "promql_expr_test": [
            {
                "expr": f"count({question}) > bool 0",
                "eval_time": f"{scenario.at}m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
            for question in questions(alert)
        ],
    }


def test_every_question_finds_something_where_the_alert_fires(
    promtool: str, tmp_path: Path
) -> None:
    first: dict[str, Scenario] = {}
    for scenario in reversed(SCENARIOS):
        first |= dict.fromkeys(scenario.firing, scenario)
    assert set(first) == names()
    cases = [asked(scenario, alert) for alert, scenario in sorted(first.items())]
    assert sum(len(case["promql_expr_test"]) for case in cases) > 60
    run(promtool, "test", "rules", written(tmp_path, "1m", cases))


def test_questions_are_about_metrics_that_exist() -> None:
    """An unknown metric would only ever answer nothing."""
    known = {metric.exported for metric in METRICS} | set(PROCESS_METRICS) | {"up"}
    known |= {f"yespo_bridge_{name}" for name in ("request_duration_seconds_bucket",)}
    known |= {
        metric.exported + suffix
        for metric in METRICS
        if metric.kind == "histogram"
        for suffix in ("_bucket", "_count", "_sum")
    }
    known |= {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}
    for alert in names():
        for question in questions(alert):
            assert names_in(question) <= known, (alert, question)


@pytest.mark.parametrize(
    ("file", "words"),
    [one for one in COMMANDS if one[1][0] == "yespo-bridge"],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_our_commands_are_understood(
    file: str, words: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the pod, where YESPO_BRIDGE_CONFIG names the configuration. Parsed, not executed."""
    for name in ("bridge.yaml", "mappings/shop.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YESPO_BRIDGE_CONFIG", "bridge.yaml")
    command: click.Command = cli
    context, rest = None, list(words[1:])
    while isinstance(command, click.Group) and (rest or not command.invoke_without_command):
        context = click.Context(command, parent=context)
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None, (file, words)
        command = found
    command.make_context(command.name, rest, parent=context)


def test_other_programs_are_called_as_they_are_called() -> None:
    """There is no cluster here to run `kubectl` against: only its shape is checked. What
    `kafka-consumer-groups.sh` prints is what `tests.parts.kafka.KafkaBroker.lag` reads."""
    shapes = {
        ("kubectl", "get", "pods"),
        ("kubectl", "logs", "--previous"),
        ("kubectl", "describe", "pod"),
        ("kubectl", "rollout", "status"),
        ("kafka-consumer-groups.sh", "--describe", "--group", "<group>"),
    }
    assert {tuple(words) for _, words in COMMANDS if words[0] != "yespo-bridge"} <= shapes
