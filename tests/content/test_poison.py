"""Bad records are bad for the reason they are named after, and for no other."""

import io
from itertools import islice
from random import Random
from typing import Any

import pytest
from fastavro import schemaless_reader

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.poison import UNKNOWN_SCHEMA_ID, Poison, poison
from consumer.sandbox.visitors import Visitors, key_of
from tests.content.make_fixtures import load_schema

SCHEMA = load_schema("shop_click")
RECORD = next(
    record
    for record in islice(Visitors(1, lambda: 1_795_165_200_000).records(), 300)
    if record["kind"] == "cart_add"
)


def bad(name: str) -> Poison:
    found = {one.name: one for one in poison(RECORD, AvroWriter(SCHEMA, 3), Random(5))}
    return found[name]


def read(value: bytes) -> tuple[Any, bytes]:
    """The record behind the frame, and what follows it."""
    stream = io.BytesIO(value[5:])
    return schemaless_reader(stream, SCHEMA, None), stream.read()


def test_every_kind_of_fault_comes_once_in_each_round() -> None:
    names = [one.name for one in poison(RECORD, AvroWriter(SCHEMA, 3), Random(5))]
    assert names == [
        "empty",
        "not-avro",
        "noise",
        "only-the-frame",
        "truncated",
        "trailing-bytes",
        "unknown-schema-id",
        "blank-product-id",
        "negative-price",
        "price-not-a-number",
        "unknown-currency",
        "negative-quantity",
        "larger-than-20-kb",
        "before-all-time",
    ]


def test_bad_records_stand_between_the_good_ones_of_the_same_visitor() -> None:
    keys = {one.key for one in poison(RECORD, AvroWriter(SCHEMA, 3), Random(5))}
    assert keys == {key_of(RECORD).encode()}


@pytest.mark.parametrize("seed", range(20))
def test_a_truncated_record_cannot_be_read_wherever_it_is_cut(seed: int) -> None:
    cut = next(
        one
        for one in poison(RECORD, AvroWriter(SCHEMA, 3), Random(seed))
        if one.name == "truncated"
    )
    with pytest.raises((EOFError, IndexError, ValueError)):
        read(cut.value)


def test_trailing_bytes_follow_a_whole_record() -> None:
    record, rest = read(bad("trailing-bytes").value)
    assert record["event_id"] == RECORD["event_id"]
    assert rest == b"\x00\x00"


def test_an_unknown_schema_id_is_the_only_fault_of_its_record() -> None:
    value = bad("unknown-schema-id").value
    assert int.from_bytes(value[1:5], "big") == UNKNOWN_SCHEMA_ID
    record, rest = read(value)
    assert record["event_id"] == RECORD["event_id"]
    assert rest == b""


def test_what_breaks_the_contract_decodes_well_and_comes_from_somebody_known() -> None:
    breaking = [
        one for one in poison(RECORD, AvroWriter(SCHEMA, 3), Random(5)) if one.stage == "mapping"
    ]
    assert len(breaking) == 7
    for one in breaking:
        record, rest = read(one.value)
        assert rest == b""
        assert record["user"]["id"] == "C-000001"
        assert record["consent"]["marketing"] is True
