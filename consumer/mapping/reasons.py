"""The closed sets of reasons for which a record becomes no event, or is invalid."""

from enum import StrEnum

from consumer.yespo.violations import RULES


class NoEvent(StrEnum):
    """Metric label of a filtered record or a skipped event. A `suppress` adds others."""

    NO_RULE = "no_rule"
    """No rule takes the record."""
    TOMBSTONE = "tombstone"
    """The record has no value."""
    NO_EVENT = "no_event"
    """A rule takes it, and `for` or `if` leave no event."""
    NO_IDENTIFIER = "no_identifier"
    """The event names no person: v2 needs an identifier, legacy a cookie."""
    MISSING = "missing"
    """A required value is absent, and `on_missing: skip`."""


SKIPPED = (NoEvent.MISSING, NoEvent.NO_IDENTIFIER)
"""Reasons for which a single event is not built."""


class Invalid(StrEnum):
    """Metric label and header of the dead letter, beside the broken rules of the vendor's contract."""

    NO_RULE = "no_rule"
    """No rule takes the record, and `otherwise: dead_letter`."""
    TOMBSTONE = "tombstone"
    """The record has no value, and `otherwise: dead_letter`."""
    UNMAPPED_TYPE = "unmapped_type"
    """No mapping of the topic takes this record type."""
    MISSING = "missing"
    """A required value is absent, and nothing says `on_missing: skip`."""
    ACCOUNT = "account"
    """The account is absent, or not configured for the API."""
    TIME = "time"
    """`time` is not between 2000 and 2100."""
    NUMBER = "number"
    """A number is not finite, or out of all proportion."""
    TOO_LONG = "too_long"
    """A text is out of all proportion."""
    INTERNAL = "internal"
    """A bug of the bridge."""


EVERY_INVALID = frozenset(map(str, Invalid)) | RULES
"""Every reason that a dead letter of the mapping can have."""
