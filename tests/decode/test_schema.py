"""Reading schema texts: names, references, fingerprints, and what is refused."""

import json
from typing import Any

import pytest

from consumer.avro.document import rabin
from consumer.avro.nodes import Array, Fixed, Primitive, RecordType, Union
from consumer.avro.schema import SchemaError, parse
from tests.decode.encoding import field, record_type


def test_names_take_the_namespace_they_stand_in() -> None:
    inner = record_type("Item", field("next", ["null", "Item"]))
    schema = {
        **record_type("Cart", field("first", inner), field("last", "Item")),
        "namespace": "shop",
    }
    cart = parse(schema)
    assert isinstance(cart, RecordType)
    item = cart.fields[0].node
    assert isinstance(item, RecordType)
    assert (cart.name, item.name) == ("shop.Cart", "shop.Item")
    assert cart.fields[1].node is item
    assert isinstance(item.fields[0].node, Union)
    assert item.fields[0].node.branches[1] is item


def test_a_full_name_beats_the_namespace_beside_it_and_rules_inside() -> None:
    inner = record_type("Item", field("sku", "string"))
    cart = parse({**record_type("a.Cart", field("item", inner)), "namespace": "ignored"})
    assert isinstance(cart, RecordType)
    assert cart.name == "a.Cart"
    assert isinstance(cart.fields[0].node, RecordType)
    assert cart.fields[0].node.name == "a.Item"


def test_references_give_the_names_that_the_schema_uses() -> None:
    money = json.dumps({"type": "fixed", "name": "shop.Money", "size": 8})
    item = json.dumps(record_type("shop.Item", field("price", "shop.Money")))
    cart = parse({"type": "array", "items": "shop.Item"}, [money, item])
    assert isinstance(cart, Array)
    assert isinstance(cart.items, RecordType)
    assert isinstance(cart.items.fields[0].node, Fixed)


# The Avro project's own test data (share/test/data/schema-tests.txt); a single object holds them
# as 8 little-endian bytes.
@pytest.mark.parametrize(
    ("schema", "number"),
    [
        ("null", 7195948357588979594),
        ("boolean", -6970731678124411036),
        ("int", 8247732601305521295),
    ],
)
def test_fingerprints_are_those_of_the_avro_project(schema: str, number: int) -> None:
    assert rabin(parse(schema)) == number.to_bytes(8, "little", signed=True)


def test_a_fingerprint_ignores_docs_defaults_and_logical_types() -> None:
    plain = record_type("shop.Click", field("at", "long"))
    rich = {
        "type": "record",
        "name": "Click",
        "namespace": "shop",
        "doc": "One click.",
        "fields": [
            field("at", {"type": "long", "logicalType": "timestamp-millis"}, doc="When.", default=0)
        ],
    }
    assert rabin(parse(plain)) == rabin(parse(rich))


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "bytes", "logicalType": "decimal"},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 5},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": -1},
        {"type": "bytes", "logicalType": "decimal", "precision": 0},
        {"type": "bytes", "logicalType": "decimal", "precision": 10**30, "scale": 10**29},
        {"type": "string", "logicalType": "decimal", "precision": 4},
        {"type": "int", "logicalType": "timestamp-millis"},
        {"type": "long", "logicalType": "date"},
        {"type": "string", "logicalType": ["odd"]},
        {"type": "long", "logicalType": "made-up"},
    ],
)
def test_a_logical_type_that_is_not_valid_is_ignored(kind: Any) -> None:
    node = parse(kind)
    assert isinstance(node, Primitive)
    assert node.logical is None


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("shop.Click", "not JSON"),
        ("[]", "no branches"),
        ('["null", ["int"]]', "union"),
        ("7", "a type must be"),
        ('{"type": "record", "name": "A"}', "`A` lacks `fields`"),
        ('{"type": "record", "name": "A", "fields": 1}', "fields must be a list"),
        ('{"type": "record", "name": "A", "fields": [1]}', "a field must be an object"),
        ('{"type": "record", "fields": []}', "lacks `name`"),
        ('{"type": "record", "name": 1, "fields": []}', "a name must be text"),
        ('{"type": "enum", "name": "E", "symbols": [1]}', "symbols must be a list"),
        ('{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}', "not one of"),
        ('{"type": "fixed", "name": "F", "size": -1}', "size must be"),
        ('{"type": "array"}', "lacks `items`"),
        ('{"type": "array", "items": "Gone"}', "`Gone` is not defined"),
        ('{"items": "int"}', "lacks `type`"),
    ],
)
def test_what_is_no_schema_is_refused_with_the_place(schema: str, says: str) -> None:
    with pytest.raises(SchemaError, match=says):
        parse(schema)


def test_a_type_defined_twice_is_refused() -> None:
    twice = record_type("A", field("x", {"type": "fixed", "name": "A", "size": 1}))
    with pytest.raises(SchemaError, match="defined twice"):
        parse(twice)


def test_a_record_that_holds_itself_is_refused_but_an_optional_one_is_not() -> None:
    with pytest.raises(SchemaError, match="holds itself"):
        parse(record_type("A", field("b", record_type("B", field("a", "A")))))
    parse(record_type("A", field("next", ["null", "A"])))


def test_nesting_is_bounded() -> None:
    schema: Any = "int"
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaError, match="deeper than 64"):
        parse(schema)


@pytest.mark.parametrize("wrap", [lambda name: name, lambda name: {"type": "array", "items": name}])
def test_types_that_hold_one_another_a_thousand_deep_are_refused(wrap: Any) -> None:
    chain: list[Any] = [record_type("T0", field("x", "int"))]
    chain += [record_type(f"T{n}", field("x", wrap(f"T{n - 1}"))) for n in range(1, 3000)]
    with pytest.raises(SchemaError, match="more than 64 deep"):
        parse(chain)
