"""Finds the schema that a value names, and the place where its Avro begins.

    00 <int32 id> <Avro>                       confluent
    header __value_schema_id: 00 <int32 id>    headers (the value is Avro from its first byte)
    header __value_schema_id: 01 <16 bytes>    headers, by GUID
    C3 01 <8 bytes fingerprint> <Avro>         single_object
    <Avro>                                     bare

Sources: Confluent "Wire format" and its header serializer; Avro specification, "Single-object
encoding".
"""

import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from consumer.errors import InvalidRecord

Headers = Sequence[tuple[str, bytes | None]]

UNKNOWN_FRAMING: Final = "unknown_framing"
"""The reason for which a record is invalid whose value names no schema in the framing asked for."""

VALUE_SCHEMA_HEADER: Final = "__value_schema_id"
_SINGLE_OBJECT: Final = b"\xc3\x01"
_CONFLUENT: Final = struct.Struct(">bi")
_PLAIN_TEXT: Final = b'{["<'

_NEGATIVE: Final = "the schema id after the zero byte is negative"
_APICURIO: Final = (
    "the schema id is 0, which no registry gives: is it an id of 8 bytes, as Apicurio writes them?"
    " Set apicurio.registry.as-confluent=true at the producer"
)
_APICURIO_HEADERS: Final = frozenset({"apicurio.value.globalId", "apicurio.value.contentId"})
_IN_APICURIO_HEADERS: Final = (
    "the schema is named in Apicurio's own headers: set apicurio.registry.headers.enabled=false and"
    " apicurio.registry.as-confluent=true at the producer"
)


class Fingerprint(bytes):
    """CRC-64-AVRO of a schema, 8 bytes as they stand in the value."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"crc64:{self.hex()}"


class Bare:
    """The reference of values that name no schema: the one that the settings name."""

    __slots__ = ()

    def __str__(self) -> str:
        return "bare"


BARE: Final = Bare()

SchemaRef = int | uuid.UUID | Fingerprint | Bare
"""A registry id, a registry GUID, a fingerprint, or the topic's own schema. `str()` of it is what
metrics, logs and `explain` show."""

Frame = Callable[[bytes, Headers], tuple[SchemaRef, int]]
"""`frame(value, headers)`: the schema, and where the Avro begins. Raises InvalidRecord."""


def _confluent(value: bytes, _headers: Headers) -> tuple[SchemaRef, int]:
    if len(value) < 5 or value[0] != 0:
        raise _unknown(value, "a Confluent value begins with a zero byte and a schema id")
    number = _CONFLUENT.unpack_from(value)[1]
    if number <= 0:
        raise _no_framing(_APICURIO if number == 0 else _NEGATIVE)
    return number, 5


def _headers(_value: bytes, headers: Headers) -> tuple[SchemaRef, int]:
    ref = _from_headers(headers)
    if ref is None:
        missing = f"there is no header {VALUE_SCHEMA_HEADER}"
        raise _no_framing(_hint(headers) or missing)
    return ref, 0


def _single_object(value: bytes, _headers: Headers) -> tuple[SchemaRef, int]:
    if len(value) < 10 or not value.startswith(_SINGLE_OBJECT):
        raise _unknown(value, "a single object begins with C3 01 and a fingerprint")
    return Fingerprint(value[2:10]), 10


def _bare(_value: bytes, _headers: Headers) -> tuple[SchemaRef, int]:
    return BARE, 0


def _detected(value: bytes, headers: Headers) -> tuple[SchemaRef, int]:
    """The header wins, as in Confluent's own deserializer; `bare` cannot be detected."""
    if headers:
        ref = _from_headers(headers)
        if ref is not None:
            return ref, 0
    if len(value) >= 5 and value[0] == 0:
        return _confluent(value, headers)
    if value.startswith(_SINGLE_OBJECT):
        return _single_object(value, headers)
    if hint := _hint(headers):
        raise _no_framing(hint)
    raise _unknown(value, "it begins neither with a zero byte and a schema id, nor with C3 01")


FRAMES: Final[Mapping[str, Frame]] = {
    "auto": _detected,
    "confluent": _confluent,
    "headers": _headers,
    "single_object": _single_object,
    "bare": _bare,
}
"""Every framing by the name that the setting `decode.framing` takes. A new one is a row here."""


def _from_headers(headers: Headers) -> SchemaRef | None:
    """The last such header counts, as in Kafka's own `lastHeader`."""
    for name, value in reversed(headers):
        if name == VALUE_SCHEMA_HEADER:
            if value is not None and len(value) == 17 and value[0] == 1:
                return uuid.UUID(bytes=bytes(value[1:]))
            if value is not None and len(value) == 5 and value[0] == 0:
                number: int = _CONFLUENT.unpack(value)[1]
                if number >= 0:
                    return number
            what = f"the header {VALUE_SCHEMA_HEADER} holds neither an id nor a GUID"
            raise _no_framing(what)
    return None


def _hint(headers: Headers) -> str:
    return _IN_APICURIO_HEADERS if any(name in _APICURIO_HEADERS for name, _ in headers) else ""


def _unknown(value: bytes, expected: str) -> Exception:
    found = "the value is empty" if not value else f"the value has {len(value)} bytes"
    if value[:1] and value[0] in _PLAIN_TEXT:
        found += " and looks like JSON or text"
    return _no_framing(f"{found}; {expected}")


def _no_framing(detail: str) -> InvalidRecord:
    return InvalidRecord("decode", UNKNOWN_FRAMING, detail)
