"""The values that decoding gives: what docs/decode.md promises to the mapping stage."""

import struct
from decimal import Decimal, getcontext
from typing import Any

import pytest

from consumer.errors import InvalidRecord
from tests.decode.conftest import BareDecoderMaker
from tests.decode.encoding import avro, field, long, record_type


def one(kind: Any) -> Any:
    return record_type("shop.One", field("x", kind))


@pytest.mark.parametrize(
    ("kind", "payload", "value"),
    [
        ("boolean", b"\x01", True),
        ("int", b"\x01", -1),
        ("long", b"\x80\x01", 64),
        ("float", struct.pack("<f", 0.5), 0.5),
        ("double", struct.pack("<d", 0.1), 0.1),
        ("bytes", b"\x04\x00\xff", b"\x00\xff"),
        ("string", b"\x06foo", "foo"),
        ("string", b"\x00", ""),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x01\x02", b"\x01\x02"),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, b"\x02", "B"),
        ({"type": "array", "items": "int"}, b"\x04\x02\x04\x00", [1, 2]),
        ({"type": "map", "values": "int"}, b"\x02\x02k\x06\x00", {"k": 3}),
        (["null", "string"], b"\x00", None),
        (["null", "string"], b"\x02\x02a", "a"),
    ],
)
def test_plain_types(bare: BareDecoderMaker, kind: Any, payload: bytes, value: Any) -> None:
    found = bare(one(kind)).read(payload)["x"]
    assert found == value
    assert type(found) is type(value)


def test_a_block_with_a_negative_count_and_its_size_is_read(bare: BareDecoderMaker) -> None:
    payload = long(-2) + long(2) + long(5) + long(6) + long(1) + long(7) + b"\x00"
    assert bare(one({"type": "array", "items": "int"})).read(payload) == {"x": [5, 6, 7]}


LONG_MAX = 2**63 - 1


@pytest.mark.parametrize(
    "logical",
    [
        "time-micros",
        "timestamp-millis",
        "timestamp-micros",
        "timestamp-nanos",
        "local-timestamp-millis",
        "local-timestamp-micros",
        "local-timestamp-nanos",
    ],
)
@pytest.mark.parametrize("number", [0, 1_763_700_000_123, LONG_MAX, -(2**63), -62_135_596_800_001])
def test_times_are_integers_in_their_unit_and_sentinels_do_no_harm(
    bare: BareDecoderMaker, logical: str, number: int
) -> None:
    schema = one({"type": "long", "logicalType": logical})
    assert bare(schema).read(long(number)) == {"x": number}


@pytest.mark.parametrize("logical", ["date", "time-millis"])
def test_dates_are_days_and_times_of_day_milliseconds(bare: BareDecoderMaker, logical: str) -> None:
    schema = one({"type": "int", "logicalType": logical})
    assert bare(schema).read(long(2**31 - 1)) == {"x": 2147483647}


@pytest.mark.parametrize(
    ("raw", "scale", "value"),
    [
        (b"\x04\xd2", 2, "12.34"),
        (b"\xfb\x2e", 2, "-12.34"),
        (b"\x00", 2, "0.00"),
        (b"\x64", 0, "100"),
        (b"\x00\x00\x00\x01", 0, "1"),
        # 123456789 where the schema says precision 4: fastavro rounds it to 1.235E+6
        (b"\x07\x5b\xcd\x15", 2, "1234567.89"),
        # 40 digits: more than Python's default context keeps
        ((10**39 + 7).to_bytes(17, "big"), 10, "100000000000000000000000000000.0000000007"),
    ],
)
def test_decimals_are_exact(bare: BareDecoderMaker, raw: bytes, scale: int, value: str) -> None:
    kind = {"type": "bytes", "logicalType": "decimal", "precision": max(4, scale), "scale": scale}
    before = getcontext().prec
    found = bare(one(kind)).read(long(len(raw)) + raw)["x"]
    assert isinstance(found, Decimal)
    assert str(found) == value
    assert getcontext().prec == before


def test_decimals_in_fixed_lists_and_options_are_exact_too(bare: BareDecoderMaker) -> None:
    money = {
        "type": "fixed", "name": "Money", "size": 4,
        "logicalType": "decimal", "precision": 9, "scale": 2,
    }  # fmt: skip
    schema = record_type(
        "shop.Cart",
        field("items", {"type": "array", "items": record_type("Item", field("price", money))}),
        field("total", ["null", "Money"]),
        field("rates", {"type": "map", "values": "Money"}),
    )
    payload = (
        b"\x02\x00\x00\x00\x63\x00" + b"\x02\x00\x00\x01\x00" + b"\x02\x02k\xff\xff\xff\xff\x00"
    )
    assert bare(schema).read(payload) == {
        "items": [{"price": Decimal("0.99")}],
        "total": Decimal("2.56"),
        "rates": {"k": Decimal("-0.01")},
    }


@pytest.mark.parametrize("raw", [b"", b"\x01" * 65])
def test_a_decimal_without_bytes_or_with_far_too_many_is_invalid(
    bare: BareDecoderMaker, raw: bytes
) -> None:
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    with pytest.raises(InvalidRecord) as raised:
        bare(one(kind)).read(long(len(raw)) + raw)
    assert raised.value.reason == "invalid_value"
    assert raised.value.detail == "x: a decimal must have 1 to 64 bytes"


UUID_TEXT = "12345678-1234-5678-1234-567812345678"


def test_a_uuid_is_text_on_both_its_types(bare: BareDecoderMaker) -> None:
    text = one({"type": "string", "logicalType": "uuid"})
    assert bare(text).read(long(36) + UUID_TEXT.encode()) == {"x": UUID_TEXT}
    fixed = one({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"})
    raw = bytes.fromhex("12345678123456781234567812345678")
    assert bare(fixed).read(raw) == {"x": UUID_TEXT}


def test_a_text_that_is_no_uuid_does_not_kill_the_record(bare: BareDecoderMaker) -> None:
    schema = one({"type": "string", "logicalType": "uuid"})
    assert bare(schema).read(b"\x04no") == {"x": "no"}


def test_durations_and_unknown_logical_types_stay_raw(bare: BareDecoderMaker) -> None:
    duration = one({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"})
    assert bare(duration).read(bytes(range(12))) == {"x": bytes(range(12))}
    big = one({"type": "bytes", "logicalType": "big-decimal"})
    assert bare(big).read(b"\x02\x07") == {"x": b"\x07"}


def test_nan_and_infinity_are_floats_for_the_mapping_to_judge(bare: BareDecoderMaker) -> None:
    decoder = bare(one("double"))
    assert str(decoder.read(struct.pack("<d", float("nan")))["x"]) == "nan"
    assert decoder.read(struct.pack("<d", float("inf")))["x"] == float("inf")


VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("total", "int"))
COLOUR = {"type": "enum", "name": "shop.Colour", "symbols": ["RED", "BLUE"]}


def test_a_union_of_several_records_names_the_one_it_holds(bare: BareDecoderMaker) -> None:
    decoder = bare(record_type("shop.Click", field("event", ["null", VIEW, CART, "string"])))
    assert decoder.read(b"\x02\x02a") == {"event": ("shop.View", {"sku": "a"})}
    assert decoder.read(b"\x04\x08") == {"event": ("shop.Cart", {"total": 4})}
    assert decoder.read(b"\x06\x02a") == {"event": "a"}
    assert decoder.read(b"\x00") == {"event": None}


def test_a_union_with_one_record_is_the_plain_record(bare: BareDecoderMaker) -> None:
    decoder = bare(record_type("shop.Click", field("event", ["null", VIEW, COLOUR])))
    assert decoder.read(b"\x02\x02a") == {"event": {"sku": "a"}}
    assert decoder.read(b"\x04\x02") == {"event": "BLUE"}


def test_named_types_used_again_by_name_are_no_records_to_a_union(bare: BareDecoderMaker) -> None:
    """fastavro gives `("shop.Colour", "BLUE")` here, as if the enum were a record."""
    schema = record_type(
        "shop.Click",
        field("first", COLOUR),
        field("view", VIEW),
        field("event", ["null", "shop.Colour", "shop.View", CART]),
        field("only", ["null", "shop.Colour", "shop.View"]),
    )
    decoder = bare(schema)
    start = b"\x00\x02a"
    assert decoder.read(start + b"\x02\x02\x02\x02")["event"] == "BLUE"
    assert decoder.read(start + b"\x04\x02b\x04\x02c") == {
        "first": "RED",
        "view": {"sku": "a"},
        "event": ("shop.View", {"sku": "b"}),
        "only": {"sku": "c"},
    }


def test_records_of_one_short_name_stay_apart_in_a_union(bare: BareDecoderMaker) -> None:
    a = record_type("a.Item", field("x", "int"))
    b = record_type("b.Item", field("y", "string"))
    decoder = bare(record_type("shop.Click", field("item", [a, b])))
    assert decoder.read(b"\x00\x02") == {"item": ("a.Item", {"x": 1})}
    assert decoder.read(b"\x02\x02z") == {"item": ("b.Item", {"y": "z"})}


def test_a_recursive_record_is_read(bare: BareDecoderMaker) -> None:
    node = record_type("shop.Node", field("v", "int"), field("next", ["null", "shop.Node"]))
    value = {"v": 1, "next": {"v": 2, "next": {"v": 3, "next": None}}}
    assert bare(node).read(avro(node, value)) == value
