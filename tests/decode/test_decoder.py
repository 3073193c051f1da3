"""The decode stage: which schema reads which record of which topic."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from consumer.config.settings import DecodeSettings, TopicDecodeSettings
from consumer.decode.decoder import Decoder
from consumer.errors import ConfigError, InvalidRecord
from consumer.model import Decoded
from consumer.telemetry.tallies import Tallies
from tests.decode.conftest import BareDecoderMaker
from tests.decode.encoding import a_value, field, record_type

VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("total", "int"))


def a_decoder(
    readers: Mapping[str, Any], settings: DecodeSettings | None = None
) -> tuple[Decoder, Tallies]:
    tallies = Tallies()
    decoder = Decoder(
        registry=None,
        reader_schemas=lambda _: readers,
        settings=settings or DecodeSettings(),
        tallies=tallies,
    )
    return decoder, tallies


def said(decoded: Decoded) -> tuple[Any, str, str]:
    return decoded.value, decoded.type_name, decoded.schema_id


def reason_of(decoder: Decoder, value: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidRecord) as raised:
        decoder.decode(a_value(value))
    return raised.value.reason, raised.value.detail


def test_a_tombstone_is_nothing_of_no_type() -> None:
    decoder, _ = a_decoder({})
    assert said(decoder.decode(a_value(None))) == (None, "", "")


def test_a_record_names_its_type_and_schema(bare: BareDecoderMaker) -> None:
    assert said(bare(VIEW).decode(b"\x02a")) == ({"sku": "a"}, "shop.View", "bare")


def test_a_type_without_reader_schema_is_named_with_those_that_have_one(
    bare: BareDecoderMaker,
) -> None:
    decoder = bare(record_type("shop.Refund"), VIEW, CART)
    with pytest.raises(InvalidRecord) as raised:
        decoder.read(b"")
    assert raised.value.reason == "unexpected_type"
    assert raised.value.detail == (
        "`shop.Refund` (schema bare); the mappings of this topic read: shop.Cart, shop.View"
    )


@pytest.mark.parametrize("writer", ["string", {"type": "array", "items": "int"}])
def test_what_is_no_record_is_an_unexpected_type(bare: BareDecoderMaker, writer: Any) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(writer, VIEW).read(b"\x00")
    assert raised.value.reason == "unexpected_type"


def test_a_union_at_the_top_holds_several_types_and_null_is_a_tombstone(
    bare: BareDecoderMaker,
) -> None:
    decoder = bare(["null", VIEW, CART, record_type("shop.Refund")], VIEW, CART)
    assert said(decoder.decode(b"\x02\x02a")) == ({"sku": "a"}, "shop.View", "bare")
    assert said(decoder.decode(b"\x04\x02")) == ({"total": 1}, "shop.Cart", "bare")
    assert said(decoder.decode(b"\x00")) == (None, "", "bare")
    for payload, reason in [
        (b"\x06", "unexpected_type"),
        (b"\x08", "malformed"),
        (b"\x01", "malformed"),
        (b"\x80\x01", "malformed"),
        (b"", "truncated"),
        (b"\x00\x00", "trailing_bytes"),
        (b"\x02\x02ab", "trailing_bytes"),
    ]:
        with pytest.raises(InvalidRecord) as raised:
            decoder.decode(payload)
        assert raised.value.reason == reason


def test_new_reader_schemas_take_over_with_the_next_record(bare: BareDecoderMaker) -> None:
    decoder = bare(VIEW)
    assert decoder.read(b"\x02a") == {"sku": "a"}
    decoder.readers = {
        "shop.View": record_type("shop.View", field("sku", "string"), field("n", "int", default=4))
    }
    assert decoder.read(b"\x02a") == {"sku": "a", "n": 4}
    decoder.readers = {"shop.Cart": CART}
    with pytest.raises(InvalidRecord, match="unexpected_type"):
        decoder.read(b"\x02a")


def test_a_reader_schema_that_is_none_refuses_records_and_never_raises_anything_else() -> None:
    decoder, _ = a_decoder({"shop.View": {"type": "record", "name": "shop.View"}})
    reason, detail = reason_of(decoder, b"\x00\x00\x00\x00\x01")
    assert reason == "unsupported_schema"
    assert detail == "the reader schema `shop.View`: `shop.View` lacks `fields`"


def test_a_single_object_is_read_by_the_reader_schema_of_its_fingerprint() -> None:
    # CRC-64-AVRO of {"name":"shop.View","type":"record","fields":[{"name":"sku","type":"string"}]}
    decoder, _ = a_decoder({"shop.View": VIEW})
    fingerprint = bytes.fromhex("6ede1ba513d9c106")
    decoded = decoder.decode(a_value(b"\xc3\x01" + fingerprint + b"\x02a"))
    assert said(decoded) == ({"sku": "a"}, "shop.View", f"crc64:{fingerprint.hex()}")


def test_a_single_object_of_an_older_schema_is_read_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "view-1.avsc"
    file.write_text(json.dumps(VIEW))
    newer = record_type("shop.View", field("sku", "string"), field("n", "int", default=0))
    value = b"\xc3\x01" + bytes.fromhex("6ede1ba513d9c106") + b"\x02a"
    without, _ = a_decoder({"shop.View": newer})
    reason, detail = reason_of(without, value)
    assert reason == "unknown_schema"
    assert detail == (
        "no schema has the fingerprint crc64:6ede1ba513d9c106; add its file to decode.known_schemas"
    )
    decoder, _ = a_decoder({"shop.View": newer}, DecodeSettings(known_schemas=[str(file)]))
    assert decoder.decode(a_value(value)).value == {"sku": "a", "n": 0}


def test_each_topic_may_have_its_own_framing(tmp_path: Path) -> None:
    file = tmp_path / "view.avsc"
    file.write_text(json.dumps(VIEW))
    settings = DecodeSettings(
        framing="confluent",
        topics={"shop.raw": TopicDecodeSettings(framing="bare", writer_schema=str(file))},
    )
    decoder, _ = a_decoder({"shop.View": VIEW}, settings)
    assert decoder.decode(a_value(b"\x02a", topic="shop.raw")).value == {"sku": "a"}
    assert reason_of(decoder, b"\x02a")[0] == "unknown_framing"


def test_without_a_registry_an_id_is_an_unknown_schema() -> None:
    decoder, _ = a_decoder({"shop.View": VIEW})
    reason, detail = reason_of(decoder, b"\x00\x00\x00\x00\x05\x02a")
    assert (reason, detail) == (
        "unknown_schema",
        "schema 5: no registry is configured to ask for it",
    )


def test_a_value_above_the_size_limit_is_not_looked_at() -> None:
    decoder, _ = a_decoder({}, DecodeSettings(max_bytes=1024))
    reason, detail = reason_of(decoder, b"\x00" * 1025)
    assert (reason, detail) == ("too_large", "1025 bytes, more than decode.max_bytes (1024)")


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "cannot be read"), ("{", "no Avro schema"), ("\xff", "no Avro schema")],
)
def test_a_schema_file_that_cannot_be_used_is_an_error_at_start(
    tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "view.avsc"
    if text is not None:
        file.write_text(text, encoding="latin-1")
    settings = DecodeSettings(framing="bare", writer_schema=str(file))
    with pytest.raises(ConfigError, match=says):
        a_decoder({}, settings)


def test_bare_and_its_schema_go_together() -> None:
    with pytest.raises(ValueError, match="give both or neither"):
        DecodeSettings(framing="bare")
    with pytest.raises(ValueError, match="give both or neither"):
        DecodeSettings(framing="auto", writer_schema="view.avsc")
