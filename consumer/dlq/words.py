"""Reasons of dead letters in words, for people who do not know the names."""

from consumer.decode.reasons import Reason

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
    "no_rule": "no rule of the mapping takes the record",
    "tombstone": "the record has no value",
    "unmapped_type": "no mapping of the topic takes this record type",
    "missing": "a field that the event needs is absent",
    "account": "the mapping names an account that is not configured",
    "time": "the time of the event is not between 2000 and 2100",
    "internal": "a bug of the bridge",
    "rejected": "Yespo refused the event",
    "exhausted": "Yespo failed as often as is tried",
    "expired": "the event was too old to be sent",
}


def in_words(reason: str) -> str:
    """What a reason means; empty for one that a mapping or another version has named."""
    return _IN_WORDS.get(reason, "")
