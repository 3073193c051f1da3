"""Runs a single expression, and whole mappings from text, the way the mapping unit does."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from consumer.documents.findings import Finding, Place
from consumer.documents.yaml_tree import Scalar
from consumer.mapping.check.avro_types import reader_schema, record_type
from consumer.mapping.check.checked import Account
from consumer.mapping.language.inference import infer
from consumer.mapping.language.library.all import LIBRARY
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.scope import Definition, Scope, Usage
from consumer.mapping.language.syntax import Source, Wrong
from consumer.mapping.language.types import Array, MapOf, Mixed, Type, Union
from consumer.mapping.language.types import Record as RecordType
from consumer.mapping.run.compile import RUNTIME
from consumer.mapping.run.emit import Code
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.model import Decoded, Event, Mapped, Partition, Record
from consumer.projection import Reads
from consumer.yespo.spec import AccountContext

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "shop.Test",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "maybe", "type": ["null", "string"]},
        {"name": "count", "type": "long"},
        {"name": "maybe_count", "type": ["null", "int"]},
        {"name": "price", "type": "double"},
        {"name": "maybe_price", "type": ["null", "double"]},
        {
            "name": "exact",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        },
        {"name": "yes", "type": "boolean"},
        {"name": "maybe_yes", "type": ["null", "boolean"]},
        {"name": "at_ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "at_us", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {
            "name": "maybe_us",
            "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}],
        },
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "data", "type": "bytes"},
        {
            "name": "scaled",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "io.debezium.data.VariableScaleDecimal",
                    "fields": [
                        {"name": "scale", "type": "int"},
                        {"name": "value", "type": "bytes"},
                    ],
                },
            ],
        },
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["view", "cart"]}},
        {"name": "class", "type": "string"},
        {"name": "id", "type": ["long", "string"]},
        {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "maybe_tags", "type": ["null", {"type": "array", "items": "string"}]},
        {"name": "attributes", "type": {"type": "map", "values": "string"}},
        {
            "name": "user",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "User",
                    "fields": [
                        {"name": "id", "type": "string"},
                        {"name": "email", "type": ["null", "string"]},
                    ],
                },
            ],
        },
        {
            "name": "lines",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Line",
                    "fields": [
                        {"name": "sku", "type": "string"},
                        {"name": "quantity", "type": "int"},
                        {"name": "block", "type": ["null", "string"]},
                    ],
                },
            },
        },
        {"name": "maybe_lines", "type": ["null", {"type": "array", "items": "Line"}]},
        {
            "name": "event",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "CartChanged",
                    "fields": [
                        {"name": "cart", "type": "string"},
                        {"name": "total", "type": "double"},
                    ],
                },
                {
                    "type": "record",
                    "name": "Viewed",
                    "fields": [{"name": "sku", "type": "string"}],
                },
            ],
        },
        {
            "name": "mixed",
            "type": [
                "null",
                "boolean",
                "long",
                "double",
                "string",
                {"type": "array", "items": ["null", "string", "long"]},
                {
                    "type": "record",
                    "name": "Product",
                    "fields": [
                        {"name": "sku", "type": "string"},
                        {"name": "price", "type": ["null", "double"]},
                    ],
                },
            ],
        },
        {
            "name": "properties",
            "type": {
                "type": "map",
                "values": [
                    "null",
                    "boolean",
                    "long",
                    "double",
                    "string",
                    {"type": "array", "items": "Product"},
                    "Product",
                ],
            },
        },
        {
            "name": "seen",
            "type": ["null", "string", {"type": "long", "logicalType": "timestamp-micros"}],
        },
        {
            "name": "moments",
            "type": {"type": "array", "items": [{"type": "int", "logicalType": "date"}, "string"]},
        },
        {
            "name": "unclear",
            "type": ["null", "string", "int", {"type": "long", "logicalType": "timestamp-millis"}],
        },
        {
            "name": "page",
            "type": [
                {
                    "type": "record",
                    "name": "Home",
                    "fields": [
                        {"name": "url", "type": "string"},
                        {"name": "rank", "type": "int"},
                    ],
                },
                {
                    "type": "record",
                    "name": "Item",
                    "fields": [
                        {"name": "url", "type": ["null", "string"]},
                        {"name": "rank", "type": "string"},
                        {"name": "sku", "type": "string"},
                    ],
                },
                {
                    "type": "record",
                    "name": "Offer",
                    "fields": [{"name": "sku", "type": ["null", "string"]}],
                },
            ],
        },
    ],
}

VALUE: dict[str, Any] = {
    "name": "Mug",
    "maybe": None,
    "count": 3,
    "maybe_count": None,
    "price": 0.1,
    "maybe_price": None,
    "exact": Decimal("19.90"),
    "yes": True,
    "maybe_yes": None,
    "at_ms": 1_700_000_000_000,
    "at_us": 1_700_000_000_000_999,
    "maybe_us": None,
    "day": 19675,
    "data": b"key",
    "scaled": None,
    "kind": "view",
    "class": "A",
    "id": 7,
    "tags": ["a", None, "b"],
    "maybe_tags": None,
    "attributes": {"colour": "red"},
    "user": None,
    "lines": [
        {"sku": "s1", "quantity": 1, "block": "r1"},
        {"sku": "s2", "quantity": 2, "block": None},
        {"sku": "s3", "quantity": 3, "block": "r1"},
        {"sku": "s4", "quantity": 4, "block": "r0"},
    ],
    "maybe_lines": None,
    "event": None,
    "mixed": None,
    "properties": {},
    "seen": None,
    "moments": [],
    "unclear": None,
    "page": ("shop.Home", {"url": "/", "rank": 1}),
}
ACCOUNTS = {"main": Account(AccountContext("main", site_id="8A412DC"), frozenset({"legacy", "v2"}))}
TWO_ACCOUNTS = {
    "ua": Account(AccountContext("ua", site_id="UA"), frozenset({"legacy", "v2"})),
    "pl": Account(AccountContext("pl", site_id="PL"), frozenset({"legacy"})),
}


def record(
    *, key: bytes | None = b"key-1", timestamp_ms: int = 1_700_000_000_500, **more: Any
) -> Record:
    """A Kafka record; its value is not read by the mapping."""
    headers = more.get("headers", [("source", b"web"), ("source", b"app"), ("bad", b"\xff")])
    return Record(Partition("shop.test", 3, 1), 42, key, b"", headers, timestamp_ms)


def node_of(text: str, *, define: Mapping[str, str] | None = None) -> Node:
    """The typed expression. Raises Wrong."""
    scope = Scope(_types(), LIBRARY, "test.avsc", [text], Usage(), tables={"stores": {"kyiv": "1"}})
    for number, (name, expression) in enumerate((define or {}).items()):
        place = Place("test.yaml", 100 + number, 1)
        source = Source(Scalar(place, expression), [expression])
        scope = scope.defining({name: Definition(name, source, place, scope.definitions)})
    return infer(Source(Scalar(Place("test.yaml", 1, 1), text), [text]), scope)


def evaluate(text: str, *, define: Mapping[str, str] | None = None, **fields: Any) -> Any:
    """What the expression yields for `VALUE` with `fields` replaced; None is absent."""
    code = Code()
    with code.function("def run(record, kafka):"):
        code.line(f"return {code.value(node_of(text, define=define))}")
    names: dict[str, Any] = {function.__name__: function for function in RUNTIME}
    names |= code.constants | {"table_stores": {"kyiv": "1"}}
    exec("\n".join(code.lines), names)  # generated code, as in the mapping unit
    return names["run"](VALUE | fields, record())


def refused(text: str, *, define: Mapping[str, str] | None = None) -> Finding:
    """The finding that refuses the expression."""
    try:
        node_of(text, define=define)
    except Wrong as wrong:
        return wrong.finding
    raise AssertionError(f"accepted: {text}")


def _types() -> RecordType:
    return record_type(reader_schema([("test.avsc", json.dumps(SCHEMA).encode())], None))


HEAD = """\
version: 1
from:
  topics: [shop.test]
  schema: test.avsc
identity:
  email: user.email
  cookie: maybe
time: at_ms
otherwise: drop
"""


def write(folder: Path, text: str, **files: str) -> Path:
    """A mapping file beside its schema (and other files, `_` for the dot of their names)."""
    (folder / "test.avsc").write_text(json.dumps(SCHEMA))
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    path = folder / "test.yaml"
    path.write_text(text)
    return path


def check_text(
    folder: Path, text: str, accounts: Mapping[str, Account] = ACCOUNTS, **files: str
) -> tuple[MappingUnit | None, list[Finding], str]:
    """The unit of one mapping text, its findings, and how a person sees them."""
    unit, findings, read = check_unit([write(folder, text, **files)], accounts, folder)
    return unit, findings, render(findings, read)


def unit_of(
    folder: Path, text: str, accounts: Mapping[str, Account] = ACCOUNTS, **files: str
) -> MappingUnit:
    """The unit of a mapping text that must be right."""
    unit, findings, shown = check_text(folder, text, accounts, **files)
    assert unit is not None, shown
    assert not findings, shown
    return unit


def run(unit: MappingUnit, given: Record | None = None, **fields: Any) -> Mapped:
    """What becomes of `VALUE` with `fields` replaced; the same if the mapping gets no other parts of
    it than those that it says it reads."""
    kafka, decoded = given or record(), Decoded(VALUE | fields, "shop.Test", "1")
    mapped = unit.map(kafka, decoded)
    assert_same(mapped, unit.map(kafka, projected(unit, kafka, decoded)))
    return mapped


def projected(unit: MappingUnit, kafka: Record, decoded: Decoded) -> Decoded:
    """What the decoder gives to a mapping: the parts of the record that it says it reads."""
    topic, name = kafka.partition.topic, decoded.type_name
    mapping = unit.mapping_for(topic, name)
    if mapping is None or decoded.value is None:
        return decoded
    value = only(decoded.value, mapping.record, unit.reads(topic)[name])
    return Decoded(value, name, decoded.schema_id)


def only(value: Any, kind: Type, reads: Reads) -> Any:  # noqa: PLR0911  # a return per type
    if reads is None or value is None:
        return value
    match kind:
        case RecordType(fields=fields):
            return {
                name: only(value[name], fields[name].type, reads[name])
                for name in reads
                if name in fields
            }
        case Array(item=item):
            return [only(one, item.type, reads) for one in value]
        case MapOf(value=inner):
            return {key: only(one, inner.type, reads) for key, one in value.items()}
        case Union(records=records):
            name, inside = value
            [branch] = [one for one in records if one.name == name]
            known = {field: reads[field] for field in reads if field in branch.fields}
            return name, only(inside, branch, known)
        case Mixed():
            return _only_of_mixed(value, kind, reads)
        case _:
            return value


def _only_of_mixed(value: Any, kind: Mixed, reads: Reads) -> Any:
    own: dict[type, tuple[type, ...]] = {
        dict: (RecordType, MapOf),
        list: (Array,),
        tuple: (Union,),
    }
    for branch in kind.branches:
        if isinstance(branch, own.get(type(value), ())):
            return only(value, branch, reads)
    return value


def assert_same(one: Mapped, other: Mapped) -> None:
    assert [_key(event) for event in one.events] == [_key(event) for event in other.events]
    assert (one.filtered, one.skipped, one.left_out) == (
        other.filtered,
        other.skipped,
        other.left_out,
    )


def _key(event: Event) -> tuple[object, ...]:
    times = (event.occurred_ms, event.expires_ms, event.when_older)
    return event.label, event.body, event.order_by, event.user_agent, times
