"""The options `max_age` and `when_older`: the age of an event at its turn, and the fate of old ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from consumer.documents.findings import Finding
from consumer.mapping.file.grammar import Options, Send, Word
from consumer.mapping.file.option import Option, word_of
from consumer.model import WhenOlder
from consumer.yespo.rules import MAX_BODY
from consumer.yespo.spec import EventSpec

ITEM_ROOM = len(',"occurred":"2026-11-20T10:00"')
"""Bytes by which a v2 event grows as an item of `past_events`."""


class Freshness(NamedTuple):
    """`max_age_ms` is the age from which the event is not sent as it is (None: never)."""

    max_age_ms: int | None
    when_older: WhenOlder

    @property
    def largest_body(self) -> int:
        """Bytes of a body that can be dealt with as `when_older` says."""
        return MAX_BODY - (ITEM_ROOM if self.when_older == "past_events" else 0)


def freshness(options: Options, spec: EventSpec) -> Freshness:
    """The freshness of one event of a send with these options (those of `defaults` included).

    Legacy events carry their time, so they are sent at any age unless the mapping says otherwise;
    v2 events are dropped. `past_events` speaks of v2 alone.
    """
    legacy = spec.api == "legacy"
    said, max_age_ms = WHEN_OLDER.of(options), MAX_AGE.of(options)
    word = said.text if said else "send" if legacy else "drop"
    if legacy and word == "past_events":
        word = "send"
    if max_age_ms is None:
        max_age_ms = spec.traits.max_age_ms
    if word == "dead_letter":
        return Freshness(max_age_ms, "dead_letter")
    if word == "past_events":
        return Freshness(max_age_ms, "past_events")
    return Freshness(None if word == "send" else max_age_ms, "drop")


def _check(send: Send, specs: Sequence[EventSpec], defaults: Options) -> Iterator[Finding]:
    """Statements of a send about age that have no effect, or a wrong one."""
    older, own_age = WHEN_OLDER.of(send.options), MAX_AGE.of(send.options)
    if older is not None and older.text == "past_events" and send.api == "legacy":
        message = "`past_events` belongs to v2: the legacy tracker has no such call"
        remedy = "remove it: a legacy event carries its time, and is sent at any age"
        yield Finding(older.place, "when-older", message, remedy)
        return
    options = send.options.over(defaults)
    if any(freshness(options, spec).max_age_ms is not None for spec in specs):
        return
    if older is not None and older.text != "send":
        message = f"`when_older: {older.text}` has no effect: nothing says how old is too old"
        yield Finding(older.place, "when-older", message, "max_age: 24h")
    elif own_age is not None:
        message = "`max_age` has no effect: this event is sent at any age"
        remedy = "say what becomes of older ones: `when_older: drop`"
        yield Finding(send.place, "when-older", message, remedy, "warning")


MAX_AGE: Final[Option[int]] = Option(
    "max_age",
    "Age from which `when_older` applies: `24h`.",
    {"type": ["string", "number", "boolean"]},
    lambda reader, table, key: reader.duration(table, key),
)
"""In milliseconds."""
_ENDS = ("send", "drop", "dead_letter", "past_events")
WHEN_OLDER: Final[Option[Word]] = Option(
    "when_older",
    "What becomes of an event that is older than `max_age` at its turn.",
    {"enum": list(_ENDS)},
    word_of(*_ENDS),
    check=_check,
)
