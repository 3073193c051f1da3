"""The shipped schemas and their versions, against fastavro's own schema resolution as reference."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader
from fastavro.utils import generate_one

from tests.decode.conftest import BareDecoderMaker
from tests.decode.encoding import avro

ROOT = Path(__file__).parents[2] / "avro"
CURRENT = ROOT / "shop_click.avsc"
WRITERS = [*sorted((ROOT / "versions").glob("*.avsc")), CURRENT]


def raw(path: Path) -> Any:
    """The schema without logical types: fastavro would make datetimes, we leave integers."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if key != "logicalType"}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return plain(json.loads(path.read_text()))


def test_there_is_more_than_one_version() -> None:
    assert len(WRITERS) > 2


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.stem)
def test_every_version_reads_as_fastavro_resolves_it(bare: BareDecoderMaker, path: Path) -> None:
    random.seed(7)  # generate_one draws from the shared generator
    writer: Any = parse_schema(raw(path))
    reader: Any = parse_schema(raw(CURRENT))
    name = reader["name"]
    decoder = bare(json.loads(path.read_text()), {**json.loads(CURRENT.read_text()), "name": name})
    for _ in range(50):
        payload = avro(writer, generate_one(writer))
        expected = schemaless_reader(io.BytesIO(payload), writer, reader, True, True)
        decoded = decoder.decode(payload)
        assert decoded.value == expected
        assert decoded.type_name == name
