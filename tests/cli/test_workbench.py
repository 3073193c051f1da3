"""The workbench's commands as a person types them, over files."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from consumer.cli.main import cli
from consumer.errors import ConfigError

ROOT = Path(__file__).parents[2]
WORKBENCH = ROOT / "tests" / "mapping" / "workbench"


@pytest.fixture(autouse=True)
def _in_the_workbench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WORKBENCH)


def mapping(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["mapping", *map(str, arguments)])


def printed(*arguments: str | Path) -> str:
    """The output of a command that must succeed."""
    result = mapping(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_bare_avro_is_explained_like_the_json_it_was_made_of() -> None:
    mappings = ROOT / "mappings"
    fixtures = ROOT / "avro" / "fixtures"
    for file, fixture in (("shop.yaml", "cart_add"), ("union.yaml", "union/offer_liked")):
        avro = printed("explain", mappings / file, "--avro", fixtures / f"{fixture}.bin")
        written = printed("explain", mappings / file, "--record", fixtures / f"{fixture}.json")
        assert avro == written
        assert "event 1: legacy " in avro


def test_avro_of_an_older_schema_is_read_with_it() -> None:
    older = ROOT / "avro" / "versions" / "shop_click.v2.avsc"
    avro = ROOT / "avro" / "fixtures" / "search.bin"
    shop = ROOT / "mappings" / "shop.yaml"
    assert "YES  searched" in printed("explain", shop, "--avro", avro, "--writer-schema", older)


def test_a_record_finds_the_mapping_whose_schema_it_fits() -> None:
    files = [ROOT / "mappings" / name for name in ("union.yaml", "union_catalogue.yaml")]
    [record, *_] = sorted((ROOT / "avro" / "fixtures" / "union_catalogue").glob("*.json"))
    assert "market.CatalogueChanged" in printed("explain", *files, "--record", record)


def test_explain_as_json_is_one_object() -> None:
    found = json.loads(printed("explain", "shop.yaml", "--record", "view.json", "--json"))
    assert [event["event"] for event in found["events"]] == ["ProductPage", "productViewed"]
    assert found["masked"] is True
    assert "olena" not in json.dumps(found)
    open_ = printed("explain", "shop.yaml", "--record", "view.json", "--json", "--show-personal")
    assert "olena@example.ua" in open_


def test_explain_shows_the_function() -> None:
    assert "def map_record(record, kafka, out):" in printed("explain", "shop.yaml", "--code")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("explain", "shop.yaml"), "name one record"),
        (("explain", "shop.yaml", "--record", "view.json", "--at", "a:0:1"), "name one record"),
        (("explain", "shop.yaml", "--at", "clicks:0:1"), "--at needs --config"),
        (("explain", "shop.yaml", "--record", "records.jsonl"), "holds 6 records"),
        (("diff", "shop.yaml", "new.yaml"), "name the records"),
        (("diff", "shop.yaml", "new.yaml", "--topic", "clicks"), "--topic needs --config"),
    ],
)
def test_a_command_that_says_too_little_is_told_what_to_add(
    arguments: tuple[str, ...], why: str
) -> None:
    result = mapping(*arguments)
    assert result.exit_code == 2
    assert why in result.output


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "a.json: this is not JSON"),
        ("a.jsonl", '{"kind": "view"\n', "a.jsonl:1: this is not JSON"),
        ("a.json", '{"kind": "fly"}', "fits no schema (shop.Click: `kind`"),
        ("a.json", '{"sort": "view"}', "fits no schema (shop.Click: unknown field `sort`"),
    ],
)
def test_a_record_that_cannot_be_used_is_named_without_its_values(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    (tmp_path / name).write_text(text)
    result = mapping("explain", "shop.yaml", "--record", tmp_path / name)
    assert isinstance(result.exception, ConfigError)
    assert why in str(result.exception)


def test_bytes_that_are_no_such_record_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff" * 9)
    result = mapping("explain", "shop.yaml", "--avro", tmp_path / "a.bin")
    assert isinstance(result.exception, ConfigError)
    assert "no record in bare Avro" in str(result.exception)
    assert "--writer-schema" in str(result.exception)


def test_a_wrong_mapping_is_found_before_the_record_is_looked_at(tmp_path: Path) -> None:
    wrong = tmp_path / "shop.yaml"
    wrong.write_text((WORKBENCH / "shop.yaml").read_text().replace("id: sku", "id: skuu"))
    (tmp_path / "click.avsc").write_text((WORKBENCH / "click.avsc").read_text())
    result = mapping("explain", wrong, "--record", "view.json")
    assert isinstance(result.exception, ConfigError)
    assert "did you mean `sku`?" in str(result.exception)


def test_coverage_takes_the_cases_beside_the_mapping_or_those_named(tmp_path: Path) -> None:
    [found] = json.loads(printed("coverage", "shop.yaml", "--json"))
    assert found["never_tested"] == ["searched"]
    assert found["never_read"] == ["referrer"]
    cases = tmp_path / "cases.yaml"
    search = "{kind: search, event_time: 1795165200000, visitor: c, consent: true, query: mug}"
    cases.write_text(
        f"mapping: {WORKBENCH}/shop.yaml\ncases:\n"
        f"  - {{name: a, given: {search}, expect: [{{legacy: SearchRequest}}]}}\n"
    )
    [found] = json.loads(printed("coverage", "shop.yaml", "--cases", cases, "--json"))
    assert found["never_tested"] == ["product viewed"]


def test_diff_tells_a_program_whether_anything_changes() -> None:
    same = mapping("diff", "shop.yaml", "shop.yaml", "--records", "records.jsonl", "--exit-code")
    assert (same.exit_code, same.output) == (0, "0 of 6 records change\n")
    other = mapping("diff", "shop.yaml", "new.yaml", "--records", "records.jsonl", "--exit-code")
    assert other.exit_code == 1
    assert other.output.startswith("3 of 6 records change\n")


def test_junit_says_what_failed_and_where(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        f"mapping: {WORKBENCH}/shop.yaml\nbase: {WORKBENCH}/view.json\ncases:\n"
        "  - {name: good, expect: [{legacy: ProductPage}, {v2: productViewed}]}\n"
        "  - {name: bad, expect: [{legacy: StatusCart}]}\n"
    )
    report = tmp_path / "junit.xml"
    assert mapping("test", cases, "--junit", report).exit_code == 1
    root = ET.fromstring(report.read_text())  # our own file
    [suite] = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    good, bad = suite.findall("testcase")
    assert (good.get("name"), good.get("line"), len(good)) == ("good", "4", 0)
    [failure] = bad
    expected = "events: expected legacy StatusCart; got legacy ProductPage, v2 productViewed"
    assert failure.get("message") == expected


def test_junit_names_files_that_cannot_be_used(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text("cases: []\n")
    report = tmp_path / "junit.xml"
    assert mapping("test", cases, "--junit", report).exit_code == 3
    [suite] = ET.fromstring(report.read_text()).findall("testsuite")  # our own file
    assert int(suite.get("errors", "0")) >= 1
    assert suite.find("testcase/error") is not None


@pytest.mark.parametrize(
    ("arguments", "file", "why"),
    [
        (("test", "nothing.yaml"), "nothing.yaml", "no such file or directory"),
        (("test", "."), ".", "is a directory"),
        (("coverage", "shop.yaml", "--cases", "nothing.yaml"), "nothing.yaml", "no such file"),
        (("coverage", "nothing.yaml"), "nothing.yaml", "no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    arguments: tuple[str, ...], file: str, why: str
) -> None:
    result = mapping(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert file in str(result.exception)
    assert why in str(result.exception).lower()


def test_a_report_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text("cases: []\n")
    result = mapping("test", cases, "--junit", tmp_path / "none" / "junit.xml")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == (
        f"{tmp_path}/none/junit.xml: cannot be written: no such file or directory"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"query": "\\ud800"}', "half of a surrogate pair"),
        ('{"attributes": {"\\udfff": 1}}', "half of a surrogate pair"),
    ],
)
def test_json_that_no_record_can_be_is_refused_with_its_file(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    for command in ("explain", "capture"):
        result = mapping(command, "shop.yaml", "--record", tmp_path / "a.json")
        assert isinstance(result.exception, ConfigError)
        assert str(result.exception).startswith(f"{tmp_path}/a.json: ")
        assert why in str(result.exception)


def test_a_base_that_nests_without_end_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 200_000)
    (tmp_path / "cases.yaml").write_text(
        f"mapping: {WORKBENCH}/shop.yaml\nbase: deep.json\ncases: [{{name: a, filtered: x}}]\n"
    )
    result = mapping("test", tmp_path / "cases.yaml")
    assert result.exit_code == 3
    assert "`deep.json` is nested too deeply" in result.output


def test_explain_as_json_writes_a_number_that_is_none_as_text(tmp_path: Path) -> None:
    record = json.loads((WORKBENCH / "view.json").read_text())
    for written, shown in ((float("nan"), "nan"), (float("-inf"), "-inf")):
        (tmp_path / "a.json").write_text(json.dumps({**record, "price": written}))
        text = printed("explain", "shop.yaml", "--record", tmp_path / "a.json", "--json")
        rule = json.loads(text, parse_constant=pytest.fail)["rules"][0]
        assert rule["read"]["price"] == shown
