"""How a value names its schema: Confluent's wire format, its headers, Avro single objects."""

from uuid import UUID

import pytest

from consumer.avro.framing import BARE, FRAMES, Fingerprint
from consumer.errors import InvalidRecord

GUID = UUID("89791762-2336-4186-9674-299b90a802e2")
ID_HEADER = ("__value_schema_id", b"\x00\x00\x00\x00\x11")
GUID_HEADER = ("__value_schema_id", b"\x01" + GUID.bytes)
SINGLE = b"\xc3\x01\x8a\x8f\x25\xcc\xe7\x24\xdd\x63\x00"


def test_confluent_is_a_zero_byte_and_a_big_endian_id() -> None:
    assert FRAMES["confluent"](b"\x00\x00\x00\x01\x02\xff", ()) == (258, 5)


def test_five_bytes_are_enough_for_a_record_without_fields() -> None:
    assert FRAMES["confluent"](b"\x00\x00\x00\x00\x07", ()) == (7, 5)


def test_a_header_holds_an_id_or_a_guid() -> None:
    assert FRAMES["headers"](b"", [ID_HEADER]) == (17, 0)
    assert FRAMES["headers"](b"", [GUID_HEADER]) == (GUID, 0)


def test_the_last_of_several_headers_counts_and_others_may_be_null() -> None:
    headers = [("trace", None), ID_HEADER, ("x", b"\xff"), GUID_HEADER, ("y", None)]
    assert FRAMES["headers"](b"", headers) == (GUID, 0)


def test_a_single_object_holds_a_fingerprint() -> None:
    ref, start = FRAMES["single_object"](SINGLE, ())
    assert (ref, start) == (Fingerprint(b"\x8a\x8f\x25\xcc\xe7\x24\xdd\x63"), 10)
    assert str(ref) == "crc64:8a8f25cce724dd63"


def test_bare_takes_everything_even_what_looks_framed() -> None:
    assert FRAMES["bare"](SINGLE, [ID_HEADER]) == (BARE, 0)
    assert FRAMES["bare"](b"", ()) == (BARE, 0)


def test_auto_takes_the_header_before_the_value_and_then_either_magic() -> None:
    auto = FRAMES["auto"]
    assert auto(b"\x00\x00\x00\x00\x09!", [ID_HEADER]) == (17, 0)
    assert auto(b"\x00\x00\x00\x00\x09!", [("trace", b"1")]) == (9, 5)
    assert auto(SINGLE, ())[1] == 10


@pytest.mark.parametrize(
    ("framing", "value", "headers", "says"),
    [
        ("auto", b"", (), "the value is empty"),
        ("auto", b"\x00\x00\x00\x01", (), "the value has 4 bytes"),
        ("auto", b'{"sku": "s-1"}', (), "looks like JSON"),
        ("auto", b"\x01\x00\x00\x00\x01\x02", (), "neither with a zero byte"),
        ("auto", b"\xc3\x01\x00", (), "a single object begins with"),
        ("auto", b"\x00\xff\xff\xff\xff\x02", (), "negative"),
        ("confluent", SINGLE, (), "a zero byte and a schema id"),
        ("confluent", b"", (), "the value is empty"),
        ("single_object", b"\x00\x00\x00\x00\x01\x02\x02\x02\x02\x02", (), "C3 01"),
        ("headers", b"\x00\x00\x00\x00\x01", (), "there is no header"),
        ("headers", b"", [("__value_schema_id", None)], "neither an id nor a GUID"),
        ("headers", b"", [("__value_schema_id", b"\x00\x00")], "neither an id nor a GUID"),
        ("headers", b"", [("__value_schema_id", b"\x02" * 17)], "neither an id nor a GUID"),
        ("auto", b"", [("__value_schema_id", b"\x00\xff\xff\xff\xff")], "neither an id nor a GUID"),
    ],
)
def test_what_fits_no_framing_is_unknown_framing(
    framing: str, value: bytes, headers: list[tuple[str, bytes | None]], says: str
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        FRAMES[framing](value, headers)
    assert raised.value.reason == "unknown_framing"
    assert says in raised.value.detail


@pytest.mark.parametrize("framing", ["auto", "confluent"])
def test_an_id_of_eight_bytes_names_the_setting_of_its_producer(framing: str) -> None:
    with pytest.raises(InvalidRecord, match=r"apicurio\.registry\.as-confluent=true") as raised:
        FRAMES[framing](b"\x00\x00\x00\x00\x00\x00\x00\x00\x2a\x02a", ())
    assert raised.value.reason == "unknown_framing"


@pytest.mark.parametrize("framing", ["auto", "headers"])
@pytest.mark.parametrize("name", ["apicurio.value.globalId", "apicurio.value.contentId"])
def test_headers_of_apicurio_name_the_setting_of_their_producer(framing: str, name: str) -> None:
    with pytest.raises(InvalidRecord, match=r"apicurio\.registry\.headers\.enabled=false"):
        FRAMES[framing](b"\x02a", [(name, bytes(8))])
