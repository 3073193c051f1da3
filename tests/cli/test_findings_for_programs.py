"""Findings as JSON and SARIF on stdout, and the remedies that `--fix` applies."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from consumer.cli.main import cli
from tests.mapping.evaluation import HEAD, write

ROOT = Path(__file__).parents[2]
RULES = "rules: [{name: r, send: [{legacy: SearchRequest, search: nmae}]}]\n"
CASES = """\
mapping: test.yaml
cases:
  - name: a search
    given: {name: Mug}
    expect:
      - v2: searchRequest
        body: {}
"""


def mapping(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["mapping", *map(str, arguments)])


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_finding_as_json_has_code_place_remedy_and_the_page_that_explains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, HEAD + RULES)
    result = mapping("check", "test.yaml", "--format", "json")
    assert result.exit_code == 3
    found = document(result)
    assert (found["ok"], found["digest"]) == (False, None)
    [finding] = found["findings"]
    assert finding["code"] == "unknown-name"
    assert finding["severity"] == "error"
    assert (finding["file"], finding["line"]) == ("test.yaml", 10)
    assert (finding["column"], finding["end"]) == (58, 62)
    assert finding["message"] == "unknown name `nmae`"
    assert finding["help"] == "docs/mapping-errors.md#unknown-name"


def test_a_right_mapping_as_json_is_ok_and_names_its_digest(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + RULES.replace("nmae", "name"))
    result = mapping("check", path, "--format", "json")
    assert result.exit_code == 0
    assert document(result)["ok"] is True
    assert len(document(result)["digest"]) == 8


def test_sarif_has_rules_regions_and_levels(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + RULES)
    result = mapping("check", path, "--format", "sarif")
    assert result.exit_code == 3
    log = document(result)
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-name"]
    [found] = run["results"]
    assert (found["ruleId"], found["level"]) == ("unknown-name", "error")
    region = found["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 10, "startColumn": 58, "endColumn": 62}


def test_a_file_that_is_not_there_is_a_finding_as_well(tmp_path: Path) -> None:
    result = mapping("check", tmp_path / "none.yaml", "--format", "json")
    assert result.exit_code == 3
    assert [finding["code"] for finding in document(result)["findings"]] == ["no-file"]


def test_failed_cases_and_broken_mappings_are_findings_of_a_test_run(tmp_path: Path) -> None:
    write(tmp_path, HEAD + RULES)
    cases = tmp_path / "cases.yaml"
    cases.write_text(CASES)
    broken = document(mapping("test", cases, "--format", "json"))
    assert [finding["code"] for finding in broken["findings"]] == ["unknown-name"]
    write(tmp_path, HEAD + RULES.replace("nmae", "name"))
    result = mapping("test", cases, "--format", "json")
    assert result.exit_code == 1
    failed = document(result)
    assert [(case["name"], case["passed"]) for case in failed["cases"]] == [("a search", False)]
    assert [finding["code"] for finding in failed["findings"]] == ["case-failed"]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_wrong_configuration_is_a_document_on_stdout(tmp_path: Path, form: str) -> None:
    config = tmp_path / "bridge.yaml"
    config.write_text("kafka: {}\nregistri: {}\n")
    for path, code in ((config, "unknown-key"), (tmp_path / "none.yaml", "setup")):
        done = subprocess.run(
            [sys.executable, "-m", "consumer", "check", "--config", str(path), "--format", form],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=dict(os.environ),
            check=False,
        )
        assert (done.returncode, done.stderr) == (3, "")
        assert f'"{code}"' in done.stdout
        json.loads(done.stdout)


def test_the_schema_of_editors_is_printed_by_the_program() -> None:
    result = mapping("schema")
    assert result.exit_code == 0
    assert result.stdout == (ROOT / "docs" / "mapping.schema.json").read_text()
