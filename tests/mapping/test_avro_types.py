"""What mappings take an Avro type for is what the decoder yields for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from consumer.avro import nodes
from consumer.avro.document import document
from consumer.avro.schema import parse
from consumer.mapping.check.avro_types import reader_schema, record_type
from consumer.mapping.language.types import Binary, Number, Slot, Text, Time, Type, Union


def every_node(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all that stand in it, each once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        match one:
            case nodes.Array(inner) | nodes.MapType(inner):
                waiting.append(inner)
            case nodes.Union(branches):
                waiting.extend(branches)
            case nodes.RecordType(_, _, fields):
                waiting.extend(field.node for field in fields)


def slot_of(kind: Any) -> Slot:
    schema = {"type": "record", "name": "t.R", "fields": [{"name": "f", "type": kind}]}
    return record_type(reader_schema([("t.avsc", json.dumps(schema).encode())], None)).fields["f"]


def test_a_type_without_a_namespace_has_the_name_that_decoding_gives_it() -> None:
    bare = {"type": "record", "name": "Bare", "namespace": "", "fields": []}
    kind = {"type": "enum", "name": "Kind", "namespace": "", "symbols": ["A"]}
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "k", "type": kind}]}
    fields = [{"name": "f", "type": [bare, inner]}]
    schema = {"type": "record", "name": "R", "namespace": "shop", "fields": fields}
    root = reader_schema([("t.avsc", json.dumps(schema).encode())], None)
    record, standalone = record_type(root), document(root)
    [union] = [slot.type for slot in record.fields.values()]
    assert isinstance(union, Union)
    assert [one.name for one in union.records] == ["Bare", "shop.Inner"]
    named = [node for node in every_node(parse(standalone)) if isinstance(node, nodes.Named)]
    assert {one.name for one in named} == {"shop.R", "Bare", "shop.Inner", "Kind"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"type": "string", "logicalType": "uuid"}, Text()),
        ({"type": "fixed", "name": "t.U", "size": 16, "logicalType": "uuid"}, Text()),
        ({"type": "fixed", "name": "t.U", "size": 8, "logicalType": "uuid"}, Binary()),
        ({"type": "fixed", "name": "t.D", "size": 12, "logicalType": "duration"}, Binary()),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Number()),
        ({"type": "long", "logicalType": "timestamp-micros"}, Time(1000)),
    ],
)
def test_a_logical_type_decides_only_where_it_is_valid(kind: Any, expected: Type) -> None:
    assert slot_of(kind) == Slot(expected)
    assert slot_of(["null", kind]) == Slot(expected, nullable=True)
