"""The shipped mappings with their fixtures and variations of these: many records to test with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from consumer.mapping.check.loader import Files
from consumer.mapping.unit import MappingUnit, check_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError
from consumer.model import Decoded, Partition, Record
from tests.content.make_fixtures import RECORDS, ROOT, fixtures

NAMES = {
    ".": "shop",
    "flat": "flat",
    "segment": "segment",
    "union": "union",
    "union_catalogue": "union_catalogue",
}


class Shipped(NamedTuple):
    """One record of a fixture, or a variation of it."""

    name: str
    record: Record
    decoded: Decoded


def unit_of(folder: str) -> tuple[MappingUnit, Files]:
    """The shipped mapping for the fixtures of this folder."""
    path = ROOT / "mappings" / f"{NAMES[folder]}.yaml"
    unit, _, files = check_unit([path], TEST_ACCOUNTS, ROOT)
    assert unit is not None
    return unit, files


def records_of(folder: str, unit: MappingUnit, *, without: bool = True) -> Iterator[Shipped]:
    """Each fixture as it is, and `without` each of its members in turn."""
    mapping = unit.mappings[0]
    form = JsonForm(mapping.reader_schema)
    for path in fixtures(folder):
        whole = json.loads(path.read_text())
        for name, document in _variations(path, whole) if without else [(path.stem, whole)]:
            try:
                value = form.decoded(document)
            except JsonFormError:
                continue  # the schema asks for this member
            where = Partition(mapping.topics[0], 3, 1)
            record = Record(where, 1042, b"visitor-417", b"", [("h", b"v")], 1_795_165_200_000)
            yield Shipped(name, record, Decoded(value, mapping.record.name, "7"))


def _variations(path: Path, whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path.stem, whole
    for member, value in whole.items():
        yield f"{path.stem} without {member}", {k: v for k, v in whole.items() if k != member}
        if isinstance(value, dict):
            for inner in value:
                less = {k: v for k, v in value.items() if k != inner}
                yield f"{path.stem} without {member}.{inner}", {**whole, member: less}


FOLDERS = tuple(RECORDS)
