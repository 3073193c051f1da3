"""What mappings take an Avro type for is what the decoder yields for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from consumer.mapping.avro import AvroTypes
from consumer.mapping.types import Binary, Number, Slot, Text, Time, Type


def slot_of(kind: Any) -> Slot:
    schema = {"type": "record", "name": "t.R", "fields": [{"name": "f", "type": kind}]}
    record, _ = AvroTypes(Path("t.avsc"), json.dumps(schema).encode()).record(None)
    return record.fields["f"]


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
