"""`mapping capture`: a record becomes a case that passes, without anything that says whose it was."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.errors import InvalidRecord
from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.capture import capture
from consumer.mapping.workbench.cases import TEST_ACCOUNTS, run_cases
from consumer.mapping.workbench.json_form import JsonForm
from consumer.mapping.workbench.json_write import Written
from consumer.model import Decoded, Partition, Record
from tests.content.make_fixtures import ROOT
from tests.mapping.evaluation import VALUE, record, write
from tests.mapping.shipped import FOLDERS, NAMES, records_of, unit_of

NOBODYS = (
    *("olena", "marianenko", "C-000417", "3f1c9a52-7b7e", "Олена", "Мар'яненко", "123-45-67"),
    *("Mozilla", "visitor-417", "novak", "Novák", "10417", "schmidt", "Eva"),
)
"""Parts of personal values of the fixtures, as they stand in avro/fixtures."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_captured_records_are_cases_that_pass_and_name_nobody(folder: str, tmp_path: Path) -> None:
    unit, _ = unit_of(folder)
    texts = [capture(unit, one.record, one.decoded, one.name) for one in records_of(folder, unit)]
    path = tmp_path / "captured.yaml"
    path.write_text(f"mapping: {ROOT}/mappings/{NAMES[folder]}.yaml\ncases:\n" + "".join(texts))
    report = run_cases([path])
    assert report.passed, report.render()
    assert len(report.results) == len(texts)
    for text in texts:
        for part in NOBODYS:
            assert part not in text


def test_the_same_record_makes_the_same_case() -> None:
    unit, _ = unit_of(".")
    one = next(records_of(".", unit))
    assert capture(unit, one.record, one.decoded, "x") == capture(unit, *one[1:], "x")


def test_a_case_says_how_the_record_ended() -> None:
    unit, _ = unit_of(".")
    wanted = ("search without consent", "page_view without user")
    ends = {
        one.name: capture(unit, one.record, one.decoded, "x")
        for one in records_of(".", unit)
        if one.name in wanted
    }
    assert "    filtered: no_marketing_consent\n" in ends["search without consent"]
    assert (
        "    filtered: no_identifier\n    skipped:\n      v2: no_identifier\n"
        in (ends["page_view without user"])
    )


KAFKA = """
version: 1
from: {topics: [shop.other, shop.test], schema: test.avsc}
identity: {cookie: kafka.key, email: 'kafka.headers["mail"]'}
time: kafka.timestamp
otherwise: drop
rules:
  - name: position
    send:
      - legacy: CustomEvent
        EventName: name
        tags:
          at: f"{kafka.partition}/{kafka.offset}"
          topic: kafka.topic
"""


def test_what_kafka_says_of_the_record_is_in_the_case_where_the_mapping_asks(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, KAFKA)
    unit = load_unit([path], TEST_ACCOUNTS)
    headers = [("mail", b"ann@shop.ua"), ("none", None)]
    given = record(key=b"380501234567", timestamp_ms=1_795_165_200_123, headers=headers)
    text = capture(unit, given, Decoded(VALUE, "shop.Test", "1"), "kafka")
    [case] = yaml.safe_load(text)
    assert case["at"] == {
        "topic": "shop.test",
        "now": "2026-11-20T09:00:00.123Z",
        "partition": 3,
        "offset": 42,
        "key": "380500000001",
        "headers": {"mail": "cde@example.com", "none": ""},
    }
    cases = tmp_path / "cases.yaml"
    cases.write_text(f"mapping: test.yaml\ncases:\n{text}")
    report = run_cases([cases])
    assert report.passed, report.render()


def test_texts_that_yaml_would_misread_stay_texts(tmp_path: Path) -> None:
    path = write(tmp_path, KAFKA.replace("EventName: name", "EventName: truncate(name, 50)"))
    unit = load_unit([path], TEST_ACCOUNTS)
    for name in ("1e5", "0x1F", "null", "~", "yes", "12", "1_000", "- a: b", "a # b", "'", "ї: ж"):
        values = VALUE | {"name": name, "tags": [name, None], "attributes": {name: name}}
        text = capture(unit, record(), Decoded(values, "shop.Test", "1"), "odd text")
        cases = tmp_path / "cases.yaml"
        cases.write_text(f"mapping: test.yaml\ncases:\n{text}")
        report = run_cases([cases])
        assert report.passed, (name, report.render())
        assert not report.faults


def test_a_record_without_a_value_cannot_be_captured() -> None:
    unit, _ = unit_of(".")
    where = Record(Partition("shop.clicks", 0, 1), 1, None, None, (), 0)
    with pytest.raises(InvalidRecord):
        capture(unit, where, Decoded(None, "", ""), "x")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_decoded_record_is_written_so_that_it_reads_the_same(folder: str) -> None:
    unit, _ = unit_of(folder)
    schema = unit.mappings[0].reader_schema
    for one in records_of(folder, unit):
        assert JsonForm(schema).decoded(Written(schema).of(one.decoded.value)) == one.decoded.value


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ({"type": "long", "logicalType": "timestamp-millis"}, 250, "1970-01-01T00:00:00.250Z"),
        ({"type": "long", "logicalType": "timestamp-micros"}, 7, "1970-01-01T00:00:00.000007Z"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, 1_000, "1970-01-01T00:00:00.000001Z"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, 7, 7),
        ({"type": "long", "logicalType": "timestamp-millis"}, 2**62, 2**62),
        ({"type": "int", "logicalType": "date"}, 10, "1970-01-11"),
        ("bytes", b"\x01\xff", "\x01ÿ"),
        (["null", "string"], None, None),
        ({"type": "array", "items": "string"}, ["a"], ["a"]),
        ({"type": "map", "values": ["null", "int"]}, {"a": None}, {"a": None}),
    ],
)
def test_values_are_written_as_a_person_writes_them(kind: Any, value: Any, written: Any) -> None:
    schema = {"type": "record", "name": "t.R", "fields": [{"name": "a", "type": kind}]}
    assert Written(schema).of({"a": value}) == {"a": written}


def test_fields_that_have_their_default_are_left_out() -> None:
    fields = [{"name": "a", "type": "int", "default": 3}, {"name": "b", "type": "int"}]
    schema = {"type": "record", "name": "t.R", "fields": fields}
    assert Written(schema).of({"a": 3, "b": 3}) == {"b": 3}
    assert Written(schema).of({"a": 4, "b": 3}) == {"a": 4, "b": 3}
