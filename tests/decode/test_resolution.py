"""Schema resolution, rule by rule as the Avro specification lists them."""

import struct
from decimal import Decimal
from typing import Any

import pytest

from consumer.errors import InvalidRecord
from tests.decode.conftest import BareDecoderMaker
from tests.decode.encoding import avro, field, long, record_type


def one(kind: Any, **more: Any) -> Any:
    return record_type("shop.One", field("x", kind, **more))


@pytest.mark.parametrize(
    ("written", "read", "payload", "value"),
    [
        ("int", "long", b"\x06", 3),
        ("int", "float", b"\x06", 3.0),
        ("int", "double", b"\x06", 3.0),
        ("long", "float", b"\x06", 3.0),
        ("long", "double", b"\x06", 3.0),
        ("float", "double", struct.pack("<f", 0.5), 0.5),
        ("string", "bytes", b"\x04\xc3\xa9", b"\xc3\xa9"),
        ("bytes", "string", b"\x04\xc3\xa9", "é"),
        ("int", ["null", "double"], b"\x06", 3.0),
        (["null", "int"], ["null", "double"], b"\x02\x06", 3.0),
        (["null", "int"], ["null", "double"], b"\x00", None),
        (["null", "int"], "double", b"\x02\x06", 3.0),
        ("string", ["bytes", "string"], b"\x02a", "a"),
        (["int", "string"], ["string", "int"], b"\x00\x06", 3),
        (
            {"type": "array", "items": "int"},
            {"type": "array", "items": "double"},
            b"\x02\x06\x00",
            [3.0],
        ),
        (
            {"type": "map", "values": "int"},
            {"type": "map", "values": ["null", "double"]},
            b"\x02\x02k\x06\x00",
            {"k": 3.0},
        ),
    ],
)
def test_promoted_types(
    bare: BareDecoderMaker, written: Any, read: Any, payload: bytes, value: Any
) -> None:
    found = bare(one(written), one(read)).read(payload)["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("long", "int"),
        ("double", "float"),
        ("string", "int"),
        ("boolean", "string"),
        ("string", {"type": "array", "items": "string"}),
        ({"type": "fixed", "name": "F", "size": 2}, {"type": "fixed", "name": "F", "size": 3}),
        ({"type": "fixed", "name": "F", "size": 2}, {"type": "fixed", "name": "G", "size": 2}),
        ({"type": "fixed", "name": "F", "size": 2}, "bytes"),
        ({"type": "array", "items": "long"}, {"type": "array", "items": "int"}),
        (record_type("A", field("y", "int")), record_type("B", field("y", "int"))),
        ("string", ["null", "int"]),
    ],
)
def test_types_that_never_resolve_are_a_schema_mismatch_naming_the_field(
    bare: BareDecoderMaker, written: Any, read: Any
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(one(written), one(read)).read(b"\x00" * 8)
    assert raised.value.reason == "schema_mismatch"
    assert raised.value.detail.startswith("x")
    assert "written as" in raised.value.detail


def test_fields_are_matched_by_name_whatever_their_order(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("a", "int"), field("b", "string"))
    read = record_type("shop.V", field("b", "string"), field("a", "int"))
    assert bare(written, read).read(b"\x02\x02z") == {"a": 1, "b": "z"}


def test_a_field_that_the_reader_lacks_is_left_out(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("a", "int"), field("gone", "string"), field("b", "int"))
    read = record_type("shop.V", field("a", "int"), field("b", "int"))
    assert bare(written, read).read(b"\x02\x02z\x04") == {"a": 1, "b": 2}


def test_a_new_field_takes_its_default(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("a", "int"))
    read = record_type("shop.V", field("a", "int"), field("b", ["null", "string"], default=None))
    assert bare(written, read).read(b"\x02") == {"a": 1, "b": None}


def test_a_new_field_without_default_is_a_mismatch(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("a", "int"))
    inner = record_type("shop.V", field("a", "int"), field("b", "string"))
    with pytest.raises(InvalidRecord) as raised:
        bare(written, inner).read(b"\x02")
    assert raised.value.reason == "schema_mismatch"
    assert raised.value.detail == (
        "b: `shop.V` was written without it, and the reader schema gives no default"
    )


COLOUR = {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        ("boolean", True, True),
        ("long", 5, 5),
        ("double", 5, 5.0),
        ("string", "s", "s"),
        ("bytes", "\u00ff\u0001", b"\xff\x01"),
        ({"type": "fixed", "name": "F", "size": 2}, "\u0001\u00fe", b"\x01\xfe"),
        (DECIMAL, "\u0004\u00d2", Decimal("12.34")),
        (COLOUR, "BLUE", "BLUE"),
        ({"type": "array", "items": DECIMAL}, ["\u0001"], [Decimal("0.01")]),
        ({"type": "map", "values": "double"}, {"k": 1}, {"k": 1.0}),
        (["null", "string"], None, None),
        (["string", "null"], "s", "s"),
        # any branch since Avro 1.12, only the first before
        (["null", "int"], 7, 7),
        (record_type("R", field("y", "int"), field("z", "int", default=2)), {"y": 1}, {"y": 1, "z": 2}),
        ([record_type("R", field("y", "int")), record_type("Q")], {"y": 1}, ("shop.R", {"y": 1})),
        ({"type": "long", "logicalType": "timestamp-millis"}, 0, 0),
    ],
)  # fmt: skip
def test_defaults_have_the_form_of_read_values(
    bare: BareDecoderMaker, kind: Any, default: Any, value: Any
) -> None:
    found = bare(record_type("shop.One"), one(kind, default=default)).read(b"")["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("int", "1"),
        ("int", True),
        ("double", "1"),
        ("string", None),
        ("bytes", "\u0400"),
        ("null", 0),
        ({"type": "fixed", "name": "F", "size": 2}, "a"),
        (COLOUR, "GREEN"),
        ({"type": "array", "items": "int"}, {}),
        (["null", "int"], "x"),
        (record_type("R", field("y", "int")), {}),
        (DECIMAL, ""),
    ],
)
def test_a_default_that_does_not_fit_its_type_is_a_mismatch(
    bare: BareDecoderMaker, kind: Any, default: Any
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(record_type("shop.One"), one(kind, default=default)).read(b"")
    assert raised.value.reason == "schema_mismatch"
    assert "its default is no" in raised.value.detail


def test_a_field_renamed_by_alias_keeps_its_value(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("product_id", "int"), field("b", "int"))
    read = record_type("shop.V", field("sku", "double", aliases=["product_id"]), field("b", "int"))
    assert bare(written, read).read(b"\x02\x04") == {"sku": 1.0, "b": 2}


def test_aliases_that_swap_two_names_swap_the_values(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("old", "int"), field("other", "int"))
    read = record_type(
        "shop.V", field("new", "int", aliases=["other"]), field("other2", "int", aliases=["old"])
    )
    assert bare(written, read).read(b"\x02\x04") == {"new": 2, "other2": 1}


def test_an_alias_does_not_take_what_another_field_has_by_name(bare: BareDecoderMaker) -> None:
    written = record_type("shop.V", field("a", "int"))
    read = record_type("shop.V", field("b", "int", aliases=["a"], default=9), field("a", "int"))
    assert bare(written, read).read(b"\x02") == {"a": 1, "b": 9}


def test_records_match_by_alias_and_by_short_name(bare: BareDecoderMaker) -> None:
    written = record_type("old.Click", field("a", "int"))
    by_alias = {**record_type("shop.Event", field("a", "int")), "aliases": ["old.Click"]}
    assert bare(written, by_alias).decode(b"\x02").type_name == "shop.Event"
    assert bare(written, record_type("shop.Click", field("a", "int"))).decode(b"\x02").value == {
        "a": 1
    }


def test_an_enum_symbol_the_reader_lacks_takes_the_enums_default(bare: BareDecoderMaker) -> None:
    written = {"type": "enum", "name": "Kind", "symbols": ["VIEW", "CART", "NEW"]}
    read = {
        "type": "enum",
        "name": "Kind",
        "symbols": ["CART", "VIEW", "OTHER"],
        "default": "OTHER",
    }
    decoder = bare(one(written), one(read))
    assert [decoder.read(raw)["x"] for raw in (b"\x00", b"\x02", b"\x04")] == [
        "VIEW",
        "CART",
        "OTHER",
    ]


def test_an_enum_symbol_without_default_condemns_only_its_own_record(
    bare: BareDecoderMaker,
) -> None:
    written = {"type": "enum", "name": "Kind", "symbols": ["VIEW", "NEW"]}
    decoder = bare(one(written), one({"type": "enum", "name": "Kind", "symbols": ["VIEW"]}))
    assert decoder.read(b"\x00") == {"x": "VIEW"}
    with pytest.raises(InvalidRecord) as raised:
        decoder.read(b"\x02")
    assert raised.value.reason == "schema_mismatch"
    assert raised.value.detail == "x: a symbol that `shop.Kind` lacks, and it has no default (NEW)"


def test_a_union_branch_the_reader_lacks_condemns_only_its_own_record(
    bare: BareDecoderMaker,
) -> None:
    decoder = bare(one(["null", "int", "string"]), one(["null", "string"]))
    assert decoder.read(b"\x04\x02a") == {"x": "a"}
    assert decoder.read(b"\x00") == {"x": None}
    with pytest.raises(InvalidRecord) as raised:
        decoder.read(b"\x02\x06")
    assert raised.value.reason == "schema_mismatch"
    assert raised.value.detail == "x: written as int, read as null | string"


VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("total", "int"))
VIEW2 = record_type("shop.View", field("sku", "string"), field("n", "int", default=1))


def test_records_in_unions_evolve_and_keep_their_names(bare: BareDecoderMaker) -> None:
    decoder = bare(one([VIEW, CART]), one(["null", CART, VIEW2]))
    assert decoder.read(b"\x00\x02a") == {"x": ("shop.View", {"sku": "a", "n": 1})}
    assert decoder.read(b"\x02\x08") == {"x": ("shop.Cart", {"total": 4})}


def test_a_union_that_grows_a_second_record_names_the_first_too(bare: BareDecoderMaker) -> None:
    decoder = bare(one(["null", VIEW]), one(["null", VIEW, CART]))
    assert decoder.read(b"\x02\x02a") == {"x": ("shop.View", {"sku": "a"})}


def test_a_union_that_loses_its_second_record_is_plain_again(bare: BareDecoderMaker) -> None:
    decoder = bare(one([VIEW, CART]), one(["null", VIEW]))
    assert decoder.read(b"\x00\x02a") == {"x": {"sku": "a"}}


def test_a_record_becomes_one_of_several(bare: BareDecoderMaker) -> None:
    assert bare(one(VIEW), one([CART, VIEW])).read(b"\x02a") == {"x": ("shop.View", {"sku": "a"})}


def test_the_full_name_decides_between_records_of_one_short_name(bare: BareDecoderMaker) -> None:
    """fastavro 1.13 takes the first record of the short name, and fails."""
    a, b = record_type("a.Item", field("x", "int")), record_type("b.Item", field("y", "int"))
    more = record_type("b.Item", field("y", "int"), field("z", "int", default=3))
    decoder = bare(one([a, b]), one([a, more]))
    assert decoder.read(b"\x02\x04") == {"x": ("b.Item", {"y": 2, "z": 3})}


def test_nested_records_in_lists_evolve(bare: BareDecoderMaker) -> None:
    item = record_type("Item", field("sku", "string"), field("old", "int"))
    item2 = record_type("Item", field("sku", "string"), field("qty", "int", default=1))
    written = one({"type": "array", "items": item})
    read = one({"type": "array", "items": item2})
    assert bare(written, read).read(b"\x04\x02a\x02\x02b\x04\x00") == {
        "x": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 1}]
    }


def test_a_recursive_record_evolves_at_every_level(bare: BareDecoderMaker) -> None:
    written = record_type("Node", field("v", "int"), field("next", ["null", "Node"]))
    read = record_type(
        "Node", field("v", "double"), field("next", ["null", "Node"]), field("n", "int", default=0)
    )
    payload = avro(written, {"v": 1, "next": {"v": 2, "next": None}})
    assert bare(written, read).read(payload) == {
        "v": 1.0,
        "n": 0,
        "next": {"v": 2.0, "n": 0, "next": None},
    }


def logical(name: str, kind: str = "long") -> Any:
    return {"type": kind, "logicalType": name}


@pytest.mark.parametrize(
    ("written", "read", "number", "value"),
    [
        (logical("timestamp-millis"), logical("timestamp-micros"), 5, 5000),
        (logical("timestamp-micros"), logical("timestamp-millis"), 5999, 5),
        (logical("timestamp-micros"), logical("timestamp-millis"), -1, -1),
        (logical("local-timestamp-millis"), logical("timestamp-nanos"), 2, 2_000_000),
        (logical("time-millis", "int"), logical("time-micros"), 3, 3000),
        (logical("timestamp-millis"), "long", 7, 7),
        ("long", logical("timestamp-millis"), 7, 7),
        (logical("timestamp-millis"), logical("local-timestamp-millis"), 7, 7),
    ],
)
def test_units_of_time_are_converted_where_both_schemas_name_one(
    bare: BareDecoderMaker, written: Any, read: Any, number: int, value: int
) -> None:
    assert bare(one(written), one(read)).read(long(number)) == {"x": value}


def test_a_date_is_no_timestamp(bare: BareDecoderMaker) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(one(logical("date", "int")), one(logical("timestamp-millis"))).read(b"\x02")
    assert raised.value.reason == "schema_mismatch"
    assert raised.value.detail == "x: written as date, read as timestamp-millis"


@pytest.mark.parametrize(
    ("written", "read", "value"),
    [
        ({**DECIMAL, "scale": 3}, DECIMAL, Decimal("1.234")),  # the writer's scale is the true one
        ("bytes", DECIMAL, Decimal("12.34")),
        (DECIMAL, "bytes", b"\x04\xd2"),
    ],
)
def test_decimals_take_the_scale_they_were_written_with(
    bare: BareDecoderMaker, written: Any, read: Any, value: Any
) -> None:
    assert bare(one(written), one(read)).read(b"\x04\x04\xd2") == {"x": value}


def test_bytes_read_as_text_must_be_text(bare: BareDecoderMaker) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(one("bytes"), one("string")).read(b"\x02\xff")
    assert (raised.value.reason, raised.value.detail) == ("malformed", "x: text is not UTF-8")


@pytest.mark.parametrize("size", [0, 70_000])  # read by generated code; by fastavro
def test_union_branches_of_one_python_type_are_told_apart(
    bare: BareDecoderMaker, size: int
) -> None:
    kind = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    less = {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"}
    written = record_type("t.R", field("x", ["string", kind]), field("pad", "bytes"))
    decoder = bare(written, record_type("t.R", field("x", ["string", less])))
    pad = long(size) + bytes(size)
    assert decoder.read(b"\x00\x02B" + pad) == {"x": "B"}
    assert decoder.read(b"\x02\x02" + pad) == {"x": "A"}


@pytest.mark.parametrize("size", [0, 70_000])
def test_a_map_beside_a_record_and_a_float_beside_a_double(
    bare: BareDecoderMaker, size: int
) -> None:
    kinds = [
        {"type": "map", "values": "float"},
        record_type("t.Price", field("amount", "float")),
        "float",
        "double",
    ]
    decoder = bare(record_type("t.R", field("x", kinds), field("pad", "bytes")))
    raw, pad = struct.pack("<f", 1299.99), long(size) + bytes(size)
    assert decoder.read(b"\x00\x02\x02a" + raw + b"\x00" + pad)["x"] == {"a": 1299.99}
    assert decoder.read(b"\x02" + raw + pad)["x"] == {"amount": 1299.99}
    assert decoder.read(b"\x04" + raw + pad)["x"] == 1299.99
    assert decoder.read(b"\x06" + struct.pack("<d", 1299.5) + pad)["x"] == 1299.5
