"""Schema files of mappings: several for one record, marks of editors, comments, shipped hostile ones."""

import json
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from consumer.avro.nodes import RecordType
from consumer.avro.schema import parse
from consumer.decode.avro import Wanted, plan
from consumer.mapping.check.avro_types import SchemaFault, reader_schema, record_type
from consumer.mapping.language.types import Array, Binary, Integer, Number, Record, Text
from consumer.mapping.unit import check_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError

HOSTILE = Path(__file__).parents[2] / "avro" / "hostile"
CART = ["common.avsc", "line.avsc", "cart.avsc"]


def files(*names: str) -> list[tuple[str, bytes]]:
    return [(name, (HOSTILE / name).read_bytes()) for name in names]


def read(root: RecordType, payload: bytes) -> Any:
    return plan(root, Wanted({root.name: root}), "1")(payload, 0).value


def test_a_record_over_three_files_is_read_as_one() -> None:
    root = reader_schema(files(*CART), None)
    static = record_type(root)
    lines = static.fields["lines"].type
    assert isinstance(lines, Array)
    assert isinstance(lines.item.type, Record)
    assert lines.item.type.name == "hostile.cart.Line"
    assert static.fields["currency"].type == Text(("UAH", "EUR"), "hostile.common.Currency")
    price = struct.pack("<f", 1299.99) + b"\x00"
    value = read(root, b"\x02\x02a" + price + b"\x00" + b"\x02" + price + b"\x02")
    assert value == {
        "lines": [{"sku": "a", "price": {"amount": 1299.99, "currency": "UAH"}}],
        "total": {"amount": 1299.99, "currency": "UAH"},
        "currency": "EUR",
    }


def test_a_type_that_stands_in_another_file_says_how_to_name_it() -> None:
    with pytest.raises(SchemaFault) as raised:
        reader_schema(files("common.avsc", "cart.avsc"), None)
    assert raised.value.file == 1
    assert "`Line` is not defined" in str(raised.value)
    assert "schema: [OTHER.avsc, cart.avsc]" in str(raised.value)


MAPPING = """\
version: 1
from:
  topics: [shop.carts]
  schema: {schema}
  record: Cart
identity: {{externalCustomerId: lines[0].sku}}
otherwise: drop
rules: []
"""


def test_a_mapping_names_the_files_in_a_list(tmp_path: Path) -> None:
    path = tmp_path / "cart.yaml"
    for name in CART:
        (tmp_path / name).write_bytes((HOSTILE / name).read_bytes())
    path.write_text(MAPPING.format(schema="[common.avsc, line.avsc, cart.avsc]"))
    _, findings, read_files = check_unit([path], TEST_ACCOUNTS, tmp_path)
    assert not [one for one in findings if one.code in {"bad-schema", "no-file", "shape"}]
    assert {one.name for one in read_files.paths} == {"cart.yaml", *CART}
    path.write_text(MAPPING.format(schema="[line.avsc, common.avsc, cart.avsc]"))
    _, findings, _ = check_unit([path], TEST_ACCOUNTS, tmp_path)
    [one] = [one for one in findings if one.code == "bad-schema"]
    assert (one.place.line, one.place.column) == (4, 12)  # at the file that lacks a type
    assert "hostile.common.Money" in one.message


def test_logical_types_that_are_not_valid_are_the_types_below_them() -> None:
    root = reader_schema(files("invalid_logical_types.avsc"), None)
    static = {name: slot.type for name, slot in record_type(root).fields.items()}
    names = ("no_precision", "precision_zero", "scale_null", "scale_above_precision")
    assert all(static[name] == Binary() for name in (*names, "too_precise", "short_uuid"))
    assert all(static[name] == Integer() for name in ("date_on_long", "misplaced", "nested"))
    assert static["price"] == Number()
    payload = b"\x021" * 4 + b"\0\0\0\x07" + b"12345678" + b"\x0e\x0e\x02\x0e" + b"\x04\x04\xd2"
    assert read(root, payload) == {
        **dict.fromkeys(names, b"1"),
        "too_precise": b"\0\0\0\x07",
        "short_uuid": b"12345678",
        "date_on_long": 7,
        "misplaced": 7,
        "nested": 7,
        "price": Decimal("12.34"),
    }


def test_a_byte_order_mark_stands_before_a_schema() -> None:
    [(name, data)] = files("common.avsc")
    assert reader_schema([(name, b"\xef\xbb\xbf" + data)], None).name == "hostile.common.Money"
    assert isinstance(parse("\ufeff" + data.decode()), RecordType)


@pytest.mark.parametrize("comment", ["// a cart\n", "/* a cart */", "# a cart\n"])
def test_comments_are_named_as_such(comment: str) -> None:
    [(name, data)] = files("common.avsc")
    text = data.decode().replace('"name": "Money",', f'"name": "Money", {comment}', 1)
    with pytest.raises(SchemaFault, match=r"JSON has no comments \(line 3, column"):
        reader_schema([(name, text.encode())], None)


CONSOLE = {
    "type": "record",
    "name": "t.Order",
    "fields": [
        {"name": "id", "type": ["null", "string"]},
        {"name": "count", "type": ["null", "int", "double"]},
        {"name": "tags", "type": ["null", {"type": "array", "items": ["null", "string"]}]},
        {
            "name": "paid",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "who",
            "type": [
                "null",
                {"type": "record", "name": "User", "fields": [{"name": "x", "type": "float"}]},
            ],
        },
    ],
}


def test_a_record_as_the_console_consumer_prints_it_is_taken() -> None:
    printed = json.loads(
        '{"id": {"string": "x"}, "count": {"int": 3}, "tags": {"array": [{"string": "a"}, null]},'
        ' "paid": "\\u0004\\u00d2", "at": 1795165380250, "who": {"t.User": {"x": 1299.99}}}'
    )
    assert JsonForm(CONSOLE).decoded(printed) == {
        "id": "x",
        "count": 3,
        "tags": ["a", None],
        "paid": Decimal("12.34"),
        "at": 1_795_165_380_250,
        "who": {"x": 1299.99},
    }


def test_a_mistake_in_a_plain_record_is_not_taken_for_the_other_form() -> None:
    plain = {"id": "x", "count": 3, "tags": None, "paid": "1.234", "at": 1, "who": None}
    with pytest.raises(JsonFormError, match="at most 2 decimals"):
        JsonForm(CONSOLE).decoded(plain)


def test_a_decimal_of_variable_scale_is_its_scale_and_its_bytes() -> None:
    """Debezium's `io.debezium.data.VariableScaleDecimal`."""
    schema = {
        "type": "record",
        "name": "VariableScaleDecimal",
        "namespace": "io.debezium.data",
        "connect.name": "io.debezium.data.VariableScaleDecimal",
        "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    }
    root = parse(schema)
    assert isinstance(root, RecordType)
    assert read(root, b"\x04\x04\x04\xd2") == {"scale": 2, "value": b"\x04\xd2"}
