"""A schema has one meaning: for mappings, for bytes, for JSON, and for its fingerprint."""

import json
import struct
from decimal import Decimal
from typing import Any

import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.avro.document import document, rabin
from consumer.avro.nodes import RecordType
from consumer.avro.schema import parse
from consumer.decode.avro import Wanted, plan
from consumer.decode.by_fastavro import by_fastavro
from consumer.mapping.check.avro_types import reader_schema, record_type
from consumer.mapping.language import types
from consumer.mapping.language.types import Slot
from consumer.mapping.workbench.json_form import JsonForm
from consumer.mapping.workbench.json_write import Written
from tests.decode.encoding import avro, field
from tests.decode.encoding import record_type as record_of
from tests.decode.meanings import Meanings
from tests.decode.test_compiled import same

SEEDS = given(seed=st.integers(0, 2**63))


def fits(value: Any, slot: Slot) -> bool:  # noqa: PLR0911 - one return per kind of type
    """Whether a decoded value is what docs/mapping.md promises of its static type."""
    kind = slot.type
    if value is None:
        return slot.nullable or isinstance(kind, types.Nothing)
    match kind:
        case types.Text():
            return type(value) is str and (kind.symbols is None or value in kind.symbols)
        case types.Integer() | types.Time() | types.Date():
            return type(value) is int
        case types.Number():  # of a union it may be any of them
            return type(value) in {int, float, Decimal}
        case types.Boolean():
            return type(value) is bool
        case types.Binary():
            return type(value) is bytes
        case types.Array(element):
            return type(value) is list and all(fits(one, element) for one in value)
        case types.MapOf(element):
            return type(value) is dict and all(fits(one, element) for one in value.values())
        case types.Record():
            return type(value) is dict and fits_record(value, kind)
        case types.Union(records):
            name, inner = value if type(value) is tuple else ("", {})
            return any(name == one.name and fits_record(inner, one) for one in records)
        case types.Mixed(branches):
            return any(fits(value, Slot(branch)) for branch in branches)
        case _:
            return False


def fits_record(value: dict[str, Any], record: types.Record) -> bool:
    return value.keys() == record.fields.keys() and all(
        fits(value[name], slot) for name, slot in record.fields.items()
    )


def compare(seed: int) -> None:
    meanings = Meanings(seed)
    drawn = meanings.record()
    text = json.dumps(drawn.schema)
    node = parse(text)
    assert isinstance(node, RecordType)
    static = record_type(reader_schema([("t.avsc", text.encode())], None))
    canonical = to_parsing_canonical_form(drawn.plain)
    assert rabin(node) == bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))
    again = parse(json.dumps(document(node)))
    assert rabin(again) == rabin(node)
    assert isinstance(again, RecordType)
    assert repr(record_type(again)) == repr(static)
    generated, slow = plan(node, Wanted({node.name: node}), "1"), by_fastavro(node, node, "1")
    for _ in range(3):
        data = avro(drawn.plain, drawn.value(meanings.draw))
        value = generated(data, 0).value
        assert same(value, slow(data, 0).value)
        assert fits_record(value, static)
        written = json.loads(json.dumps(Written(node).of(value)))
        assert same(JsonForm(text).decoded(written), value)


@SEEDS
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_check_bytes_json_and_fingerprint_agree_on_a_schema(seed: int) -> None:
    compare(seed)


FIXED = {"type": "fixed", "name": "t.F", "size": 4}
BYTES = {"type": "bytes", "logicalType": "decimal"}


@pytest.mark.parametrize(
    ("kind", "payload", "value", "static"),
    [
        # Avro specification: implementations should ignore a logical type that is invalid.
        (BYTES, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": 0}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": True}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": "9"}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": 9, "scale": None}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": 9, "scale": -1}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": 4, "scale": 5}, b"\x021", b"1", types.Binary()),
        ({**BYTES, "precision": 4, "scale": 2}, b"\x021", Decimal("0.49"), types.Number()),
        # Avro specification: the precision of a fixed is limited by its size, 9 digits for 4 bytes.
        (
            {**FIXED, "logicalType": "decimal", "precision": 9},
            b"\0\0\0\x07",
            Decimal(7),
            types.Number(),
        ),
        (
            {**FIXED, "logicalType": "decimal", "precision": 10},
            b"\0\0\0\x07",
            b"\0\0\0\x07",
            types.Binary(),
        ),
        ({**FIXED, "logicalType": "uuid"}, b"\0\0\0\x07", b"\0\0\0\x07", types.Binary()),
        ({"type": "int", "logicalType": "timestamp-millis"}, b"\x0e", 7, types.Integer()),
        ({"type": "string", "logicalType": "date"}, b"\x02a", "a", types.Text()),
        ({"type": "long", "logicalType": ["odd"]}, b"\x0e", 7, types.Integer()),
        (
            {"type": {"type": "long"}, "logicalType": "timestamp-millis"},
            b"\x0e",
            7,
            types.Integer(),
        ),
        ({"type": {"type": ["null", "long"]}}, b"\x02\x0e", 7, types.Integer()),
        ({"type": {"type": "long", "logicalType": "timestamp-millis"}}, b"\x0e", 7, types.Time()),
        ({"type": "float"}, struct.pack("<f", 1299.99), 1299.99, types.Number(binary=True)),
    ],
)
def test_a_logical_type_counts_where_the_specification_says_so(
    kind: Any, payload: bytes, value: Any, static: types.Type
) -> None:
    schema = record_of("t.R", field("x", kind, logicalType="date"))
    node = parse(schema)
    assert isinstance(node, RecordType)
    assert record_type(node).fields["x"].type == static
    assert same(plan(node, Wanted({"t.R": node}), "1")(payload, 0).value, {"x": value})
    assert same(by_fastavro(node, node, "1")(payload, 0).value, {"x": value})
    written = Written(schema).of({"x": value})
    assert same(JsonForm(schema).decoded(written), {"x": value})
