"""Reasons of dead letters in words, for people who do not know the names."""

from consumer.decode.reasons import Reason
from consumer.mapping.reasons import Invalid

_IN_WORDS = {
    Reason.MALFORMED_HEADER.value: "the name of a header is not UTF-8",
    Reason.UNKNOWN_FRAMING.value: "the bytes do not begin as the topic's framing says",
    Reason.UNKNOWN_SCHEMA.value: "the registry does not know the schema",
    Reason.UNSUPPORTED_SCHEMA.value: "the schema is not Avro, or cannot be read",
    Reason.UNEXPECTED_TYPE.value: "no mapping of the topic reads this record type",
    Reason.SCHEMA_MISMATCH.value: "the record's schema does not resolve to the mapping's",
    Reason.TRUNCATED.value: "the bytes stop before the record does",
    Reason.TRAILING_BYTES.value: "there are more bytes than the record has",
    Reason.MALFORMED.value: "a length, index or text that Avro does not allow",
    Reason.INVALID_VALUE.value: "a value that its logical type does not allow",
    Reason.TOO_LARGE.value: "the record is larger than is decoded",
    Reason.TOO_MANY_ITEMS.value: "the record has too many items",
    Reason.TOO_DEEP.value: "the record is nested too deep",
    Invalid.NO_RULE.value: "no rule of the mapping takes the record",
    Invalid.TOMBSTONE.value: "the record has no value",
    Invalid.UNMAPPED_TYPE.value: "no mapping of the topic takes this record type",
    Invalid.MISSING.value: "a field that the event needs is absent",
    Invalid.ACCOUNT.value: "the mapping names an account that is not configured",
    Invalid.TIME.value: "the time of the event is not between 2000 and 2100",
    Invalid.NUMBER.value: "a number that is not finite, or that Yespo cannot take",
    Invalid.TOO_LONG.value: "a text that is longer than Yespo takes",
    Invalid.INTERNAL.value: "a bug of the bridge",
    "rejected": "Yespo refused the event",
    "exhausted": "Yespo failed as often as is tried",
    "expired": "the event was too old to be sent",
}


def in_words(reason: str) -> str:
    """The meaning of a reason; empty for one that a mapping or another version has named."""
    return _IN_WORDS.get(reason, "")
