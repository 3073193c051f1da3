"""The shipped Avro schemas: documented, versioned, and true to their fixtures."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastavro import schemaless_reader

from consumer.mapping.workbench.json_form import JsonForm
from tests.content.make_fixtures import FIXTURES, RECORDS, ROOT, encode, fixtures, load_schema

SCHEMA_FILES = sorted((ROOT / "avro").rglob("*.avsc"))


def fields_of(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every record in a schema file, with its path."""
    if isinstance(schema, list):
        for branch in schema:
            yield from fields_of(branch, path)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            yield f"{path}.{field['name']}", field
            yield from fields_of(field["type"], f"{path}.{field['name']}")
        for inner in ("type", "items", "values"):
            yield from fields_of(schema.get(inner), path)


@pytest.mark.parametrize("path", SCHEMA_FILES, ids=lambda path: path.stem)
def test_every_field_says_what_it_is(path: Any) -> None:
    fields = list(fields_of(json.loads(path.read_text()), path.stem))
    undocumented = [name for name, field in fields if len(field.get("doc", "")) < 6]
    assert undocumented == []
    assert len(fields) >= (2 if path.parent.name == "hostile" else 25)


def test_the_released_version_three_is_the_present_schema() -> None:
    # Whoever changes the schema adds a version; a released one is never edited.
    present = (ROOT / "avro" / "shop_click.avsc").read_text()
    assert (ROOT / "avro" / "versions" / "shop_click.v3.avsc").read_text() == present


def old_product_view() -> dict[str, Any]:
    return {
        "event_id": "e-1",
        "kind": "product_view",
        "event_time": 1_600_000_000_000,
        "visitor_id": "sc-1",
        "user": {"id": "C-1"},
        "consent": {"marketing": True},
        "site": {"country": "UA", "language": "uk", "host": "shop.example.ua"},
        "product": {
            "sku": "100-01",
            "name": "Кухоль",
            "price": 201.95,
            "currency": "UAH",
            "stock": 3,
        },
        "cart": {"id": "c-1", "version": 2_000_000_000, "currency": "UAH"},
    }


def resolve(record: dict[str, Any], writer: str, reader: str) -> Any:
    data = encode(load_schema(writer), record)
    return schemaless_reader(io.BytesIO(data), load_schema(writer), load_schema(reader))


def test_a_record_of_version_one_is_read_as_version_two() -> None:
    read = resolve(old_product_view(), "versions/shop_click.v1", "shop_click")
    assert read["kind"] == "product_view"
    assert read["seq"] == 0
    assert read["session_id"] is None
    assert read["user"]["push_token"] is None
    assert read["consent"] == {"marketing": True, "updated": None}
    assert read["product"]["properties"] == {}
    assert read["cart"]["version"] == 2_000_000_000
    assert read["impressions"] == []
    assert read["catalogue"] == []


def test_a_record_of_version_two_is_read_as_version_three() -> None:
    page = {
        "url": "https://shop.example.ua/a",
        "title": None,
        "referrer": "https://shop.example.ua/",
    }
    record = {**old_product_view(), "kind": "search", "page": page}
    record["search"] = {"query": "mug", "results": 2_000_000_000}
    read = resolve(record, "versions/shop_click.v2", "shop_click")
    assert read["page"]["referrer_url"] == "https://shop.example.ua/"
    assert "referrer" not in read["page"]
    assert read["search"] == {"query": "mug", "results": 2_000_000_000}


def test_a_reader_of_version_one_sees_a_newer_kind_as_unknown() -> None:
    # The promise is backward compatibility only: `cart.version` grew from int to long.
    record = {**old_product_view(), "kind": "impressions", "cart": None}
    read = resolve(record, "shop_click", "versions/shop_click.v1")
    assert read["kind"] == "unknown"


@pytest.mark.parametrize("folder", RECORDS)
def test_each_binary_fixture_is_its_json(folder: str) -> None:
    schema = load_schema(*RECORDS[folder])
    paths = fixtures(folder)
    assert paths
    for path in paths:
        decoded = JsonForm(schema).decoded(json.loads(path.read_text()))
        message = f"{path.name}: run `python -m tests.content.make_fixtures`"
        assert path.with_suffix(".bin").read_bytes() == encode(schema, decoded), message


def test_there_is_a_fixture_for_every_kind_of_click() -> None:
    schema = load_schema("shop_click")
    kinds = next(field for field in schema["fields"] if field["name"] == "kind")["type"]["symbols"]
    seen = {json.loads(path.read_text())["kind"] for path in fixtures(".")}
    assert seen == set(kinds) - {"unknown"}


def test_there_is_a_fixture_for_every_record_of_the_union() -> None:
    schema = load_schema("union_events", "market.Envelope")
    event = next(field for field in schema["fields"] if field["name"] == "event")
    seen = {next(iter(json.loads(path.read_text())["event"])) for path in fixtures("union")}
    assert seen == {branch["name"] for branch in event["type"]}


def test_fastavro_reads_a_binary_fixture_as_written() -> None:
    data = (FIXTURES / "product_view.bin").read_bytes()
    read: Any = schemaless_reader(io.BytesIO(data), load_schema("shop_click"), None)
    assert read["event_time"].isoformat() == "2026-11-20T09:03:00.250000+00:00"
    assert read["product"]["name"] == "Горнятко ☕ керамічне"
    assert read["product"]["price"] == 201.95
    assert read["user"]["last_name"] == "Мар'яненко"
    assert read["cart"] is None
