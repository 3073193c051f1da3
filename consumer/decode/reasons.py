"""The closed set of reasons for which a record cannot be decoded."""

from enum import StrEnum

from consumer.avro import framing
from consumer.errors import InvalidRecord


class Reason(StrEnum):
    """Metric label, header of the dead letter, and heading in `docs/decode.md`."""

    MALFORMED_HEADER = "malformed_header"
    """The name of a header is not UTF-8: no header of the record can be read."""
    UNKNOWN_FRAMING = framing.UNKNOWN_FRAMING
    """The bytes do not begin as the topic's framing says, or no framing fits."""
    UNKNOWN_SCHEMA = "unknown_schema"
    """The registry says that this schema does not exist, or no schema has this fingerprint."""
    UNSUPPORTED_SCHEMA = "unsupported_schema"
    """The schema exists but is not Avro, or not an Avro schema that can be read."""
    UNEXPECTED_TYPE = "unexpected_type"
    """A record type for which this topic has no reader schema."""
    SCHEMA_MISMATCH = "schema_mismatch"
    """The writer schema does not resolve to the reader schema."""
    TRUNCATED = "truncated"
    """The bytes end before the record does."""
    TRAILING_BYTES = "trailing_bytes"
    """The record ends before the bytes do: written with another schema than it says."""
    MALFORMED = "malformed"
    """Not Avro: a bad length, index or text."""
    INVALID_VALUE = "invalid_value"
    """Valid Avro, but no value of its logical type."""
    TOO_LARGE = "too_large"
    """More bytes than `decode.max_bytes`."""
    TOO_MANY_ITEMS = "too_many_items"
    """More array items and map entries than any event can use."""
    TOO_DEEP = "too_deep"
    """A recursive type nested deeper than any event can use."""


def invalid(reason: Reason, detail: str) -> InvalidRecord:
    return InvalidRecord("decode", reason.value, detail)
