"""Records as people write them become what the decoder yields."""

from decimal import Decimal
from typing import Any

import pytest
from fastavro import parse_schema

from consumer.avro.nodes import Field, RecordType
from consumer.avro.schema import parse
from consumer.decode.avro import Wanted, plan
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError

UUID_TYPE = {"type": "fixed", "name": "t.U", "size": 16, "logicalType": "uuid"}


def form(*fields: Any) -> JsonForm:
    """The form of a record with these fields: (name, type) or (name, type, default)."""
    written = [
        {"name": name, "type": kind, **({"default": default[0]} if default else {})}
        for name, kind, *default in fields
    ]
    schema = {"type": "record", "name": "t.R", "fields": written}
    return JsonForm(parse_schema(schema, _write_hint=False))


def logical(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **more}


@pytest.mark.parametrize(
    ("kind", "written", "decoded"),
    [
        ("string", "ї", "ї"),
        ("long", 5, 5),
        ("double", 5, 5.0),
        ("boolean", False, False),
        ("bytes", "\u0001ÿ", b"\x01\xff"),
        (logical("long", "timestamp-millis"), "2026-11-20T09:03:00.250Z", 1_795_165_380_250),
        (logical("long", "timestamp-micros"), "2026-11-20T09:03:00.25Z", 1_795_165_380_250_000),
        (logical("long", "timestamp-nanos"), "2026-11-20T09:03:00Z", 1_795_165_380 * 10**9),
        (logical("long", "timestamp-millis"), "2026-11-20T10:03:00.250+01:00", 1_795_165_380_250),
        (logical("long", "local-timestamp-millis"), "2026-11-20T09:03:00", 1_795_165_380_000),
        (logical("long", "timestamp-millis"), 17, 17),
        (logical("int", "date"), "1970-01-11", 10),
        (logical("bytes", "decimal", precision=9, scale=2), "12.5", Decimal("12.50")),
        (logical("bytes", "decimal", precision=9, scale=2), 0.1, Decimal("0.10")),
        (["null", "string"], None, None),
        (["null", "long"], 3, 3),
        (["long", "string"], "x", "x"),
        ({"type": "array", "items": "long"}, [1, 2], [1, 2]),
        ({"type": "map", "values": ["null", "long"]}, {"a": 1, "b": None}, {"a": 1, "b": None}),
        ({"type": "enum", "name": "t.E", "symbols": ["A", "B"]}, "B", "B"),
        (
            UUID_TYPE,
            "DA9564AB-600A-5428-9048-C42C936C80C3",
            "da9564ab-600a-5428-9048-c42c936c80c3",
        ),
        (
            {"type": "fixed", "name": "t.U", "size": 2, "logicalType": "uuid"},
            "\u0001ÿ",
            b"\x01\xff",
        ),
    ],
)
def test_a_value_is_written_plainly(kind: Any, written: Any, decoded: Any) -> None:
    got = form(("f", kind)).decoded({"f": written})["f"]
    assert got == decoded
    assert type(got) is type(decoded)


def test_what_is_left_out_has_its_default() -> None:
    inner = {
        "type": "record",
        "name": "t.I",
        "fields": [{"name": "n", "type": "long", "default": 4}],
    }
    reader = form(("a", ["null", "string"], None), ("b", inner, {}), ("c", "t.I", {"n": 1}))
    assert reader.decoded({}) == {"a": None, "b": {"n": 4}, "c": {"n": 1}}
    nobody = form(("u", UUID_TYPE, "\0" * 16))
    assert nobody.decoded({}) == {"u": "00000000-0000-0000-0000-000000000000"}


def test_one_record_of_several_is_named_and_becomes_a_pair() -> None:
    one = {"type": "record", "name": "t.One", "fields": [{"name": "x", "type": "long"}]}
    two = {"type": "record", "name": "t.Two", "fields": [{"name": "x", "type": "long"}]}
    reader = form(("event", ["null", one, two]), ("next", ["t.One", "t.Two"]))
    written = {"event": {"t.Two": {"x": 1}}, "next": {"One": {"x": 2}}}
    assert reader.decoded(written) == {"event": ("t.Two", {"x": 1}), "next": ("t.One", {"x": 2})}


def test_the_default_of_a_union_is_of_its_first_branch() -> None:
    one = {"type": "record", "name": "t.One", "fields": [{"name": "x", "type": "long"}]}
    two = {"type": "record", "name": "t.Two", "fields": [{"name": "y", "type": "long"}]}
    reader = form(("event", [one, two], {"x": 1}), ("only", ["t.Two", "null"], {"y": 2}))
    assert reader.decoded({}) == {"event": ("t.One", {"x": 1}), "only": {"y": 2}}


PRICE = logical("bytes", "decimal", precision=10, scale=2)


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        (PRICE, "1", Decimal("0.49")),
        (PRICE, "\u0000", Decimal("0.00")),
        (PRICE, "\u0004\u00d2", Decimal("12.34")),
        (
            {"type": "fixed", "name": "t.P", "size": 2, "logicalType": "decimal", "precision": 4},
            "\u0000\u0005",
            Decimal("5"),
        ),
        ({"type": "array", "items": PRICE}, ["\u0001"], [Decimal("0.01")]),
        (["null", PRICE], "1", Decimal("0.49")),
        (logical("long", "timestamp-millis"), 0, 0),
    ],
)
def test_a_default_is_what_decoding_makes_of_it(kind: Any, default: Any, value: Any) -> None:
    assert form(("f", kind, default)).decoded({}) == {"f": value}
    reader = RecordType("t.R", (), [Field("f", parse(kind), default, ())])
    writer = RecordType("t.R", ())
    assert plan(writer, Wanted({"t.R": reader}), "1")(b"", 0).value == {"f": value}


@pytest.mark.parametrize(
    ("kind", "default", "message"),
    [
        (PRICE, "", "`f`: its default is no decimal of scale 2"),
        (
            logical("long", "timestamp-millis"),
            "2026-11-20",
            "`f`: its default is no timestamp-mill",
        ),
        ("string", 5, "`f`: its default is no string"),
    ],
)
def test_a_default_that_decoding_refuses_is_named(kind: Any, default: Any, message: str) -> None:
    written = {"type": "record", "name": "t.R", "fields": [{"name": "f", "type": kind}]}
    schema: Any = parse_schema(written, _write_hint=False)
    schema["fields"][0]["default"] = default  # fastavro would refuse some of them
    with pytest.raises(JsonFormError, match=message):
        JsonForm(schema).decoded({})


@pytest.mark.parametrize(
    ("kind", "written", "message"),
    [
        ("long", "5", "`f` has to be of type long"),
        ("long", True, "`f` has to be of type long"),
        ("boolean", 1, "`f` has to be of type boolean"),
        ("string", None, "`f` has to be of type string"),
        (["string", "long"], None, "`f` may not be null"),
        ({"type": "array", "items": "long"}, 5, "`f` has to be a list"),
        ({"type": "array", "items": "long"}, ["x"], r"`f\[0\]` has to be of type long"),
        (
            {"type": "enum", "name": "t.E", "symbols": ["Apple", "B"]},
            "aple",
            "did you mean `Apple`",
        ),
        (logical("long", "timestamp-millis"), "soon", "`f` is not a time such as"),
        (logical("bytes", "decimal", precision=9, scale=2), "1.234", "at most 2 decimals"),
        (logical("bytes", "decimal", precision=9, scale=2), "NaN", "at most 2 decimals"),
        ("bytes", "ї", r"up to U\+00FF"),
        (UUID_TYPE, "not one", "`f` has to be a UUID"),
    ],
)
def test_what_does_not_fit_is_named(kind: Any, written: Any, message: str) -> None:
    with pytest.raises(JsonFormError, match=message):
        form(("f", kind)).decoded({"f": written})


def test_a_missing_field_and_an_unknown_one_are_named() -> None:
    reader = form(("colour", "string"))
    with pytest.raises(JsonFormError, match="`colour` is missing"):
        reader.decoded({})
    with pytest.raises(JsonFormError, match="unknown field `color`; did you mean `colour`"):
        reader.decoded({"color": "red"})


def test_the_error_never_shows_the_value() -> None:
    with pytest.raises(JsonFormError) as caught:
        form(("mail", "long")).decoded({"mail": "ann@shop.ua"})
    assert "ann" not in str(caught.value)


def test_the_error_never_shows_the_key_of_a_map() -> None:
    by_mail = {"type": "map", "values": {"type": "array", "items": "long"}}
    with pytest.raises(JsonFormError) as caught:
        form(("orders", by_mail)).decoded({"orders": {"ann@shop.ua": [1, "x"]}})
    assert str(caught.value) == "`orders[...][1]` has to be of type long"
