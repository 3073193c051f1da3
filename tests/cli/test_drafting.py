"""`mapping draft`, `mapping record`, `mapping apply` and `init` as a person types them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consumer.cli.main import cli
from consumer.errors import ConfigError

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "avro" / "shop_click.avsc"
SCHEMAS = {
    "shop_click": (SHOP, ()),
    "union_events": (ROOT / "avro" / "union_events.avsc", ("--type", "Envelope")),
    "flat_events": (ROOT / "avro" / "flat_events.avsc", ()),
    "segment_events": (ROOT / "avro" / "segment_events.avsc", ()),
    "ga4": (ROOT / "tests" / "mapping" / "draft" / "ga4.avsc", ()),
    "envelope": (ROOT / "tests" / "mapping" / "draft" / "envelope.avsc", ()),
}


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def printed(*arguments: str | Path) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_new_project_passes_check_and_its_test(name: str) -> None:
    schema, more = SCHEMAS[name]
    printed("init", "project", "--schema", schema, *more)
    printed("check", "--config", "project/bridge.yaml")
    tests = printed("mapping", "test", f"project/mappings/tests/{name}.yaml")
    assert "1 of 1 cases passed" in tests


def test_a_draft_names_its_schema_relative_to_where_it_is_written() -> None:
    printed("mapping", "draft", "--schema", SHOP, "--topic", "clicks", "--out", "deep/in/m.yaml")
    text = Path("deep/in/m.yaml").read_text("utf-8")
    assert "topics: [clicks]" in text
    printed("mapping", "check", "deep/in/m.yaml")


def test_a_draft_replaces_no_file() -> None:
    Path("m.yaml").write_text("mine", "utf-8")
    result = run("mapping", "draft", "--schema", SHOP, "--out", "m.yaml")
    assert isinstance(result.exception, ConfigError)
    assert Path("m.yaml").read_text("utf-8") == "mine"


def test_a_draft_wants_one_schema_and_a_record_of_several() -> None:
    assert run("mapping", "draft").exit_code == 2
    assert run("mapping", "draft", "--schema", SHOP, "--subject", "s").exit_code == 2
    result = run("mapping", "draft", "--schema", SCHEMAS["union_events"][0])
    assert "name one with --type" in str(result.exception)


def test_records_of_a_file_are_evidence() -> None:
    fixtures = ROOT / "avro" / "fixtures" / "flat"
    schema, _ = SCHEMAS["flat_events"]
    text = printed("mapping", "draft", "--schema", schema, "--records", fixtures)
    assert '  - when: not consent_marketing == "granted"  # sure:' in text
    assert "records have the value `view_item`" in text
    assert "jozef" not in text.lower()


def test_a_record_that_does_not_fit_the_schema_is_named_without_its_values() -> None:
    Path("r.jsonl").write_text('{"kind": "olena@example.ua"}\n', "utf-8")
    result = run("mapping", "draft", "--schema", SHOP, "--records", "r.jsonl")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith("r.jsonl:1: this record does not fit shop.Click: ")


def test_a_made_record_becomes_events_of_the_draft() -> None:
    printed("mapping", "draft", "--schema", SHOP, "--out", "m.yaml")
    Path("r.json").write_text(printed("mapping", "record", "--schema", SHOP), "utf-8")
    [line] = printed("mapping", "apply", "m.yaml", "r.json").splitlines()
    found = json.loads(line)
    assert found["record"] == "r.json"
    assert found["end"] == "events"
    assert found["events"]


def test_apply_prints_a_line_for_each_record_and_masks_people_unless_asked() -> None:
    shop = ROOT / "tests" / "mapping" / "workbench" / "shop.yaml"
    records = shop.parent / "records.jsonl"
    lines = [json.loads(one) for one in printed("mapping", "apply", shop, records).splitlines()]
    assert len(lines) == len(records.read_text("utf-8").splitlines()) == 6
    assert {line["end"] for line in lines} <= {"events", "filtered", "invalid"}
    view = shop.parent / "view.json"
    assert "olena" not in printed("mapping", "apply", shop, view).lower()
    shown = json.loads(printed("mapping", "apply", shop, view, "--show-personal"))
    body = shown["events"][0]["body"]
    assert body["GeneralInfo"]["user_email"] == "olena@example.ua"
