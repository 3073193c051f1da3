"""How old an event may be when its turn comes, and what becomes of it then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from consumer.documents.findings import Finding
from consumer.mapping.file import grammar
from consumer.model import WhenOlder
from consumer.yespo.rules import MAX_BODY
from consumer.yespo.spec import EventSpec

WHEN_OLDER = ("send", "drop", "dead_letter", "past_events")
ITEM_ROOM = len(',"occurred":"2026-11-20T10:00"')
"""What a v2 event grows by as an item of `past_events`."""


class Freshness(NamedTuple):
    """`max_age_ms` is the age from which the event is not sent as it is (None: never)."""

    max_age_ms: int | None
    when_older: WhenOlder

    @property
    def largest_body(self) -> int:
        """Bytes of a body that can be dealt with as `when_older` says."""
        return MAX_BODY - (ITEM_ROOM if self.when_older == "past_events" else 0)


ANY_AGE = Freshness(None, "drop")


def freshness(max_age_ms: int | None, when_older: str | None, spec: EventSpec) -> Freshness:
    """For one event of a send, from what the send or `defaults` say (None: nothing).

    Legacy events carry their time, so they are sent at any age unless the mapping says otherwise;
    v2 events are dropped. `past_events` speaks of v2 alone.
    """
    legacy = spec.api == "legacy"
    word = when_older or ("send" if legacy else "drop")
    if legacy and word == "past_events":
        word = "send"
    if max_age_ms is None:
        max_age_ms = spec.traits.max_age_ms
    if word == "dead_letter":
        return Freshness(max_age_ms, "dead_letter")
    if word == "past_events":
        return Freshness(max_age_ms, "past_events")
    return Freshness(None if word == "send" else max_age_ms, "drop")


def check(
    send: grammar.Send, specs: Sequence[EventSpec], defaults: grammar.Options
) -> Iterator[Finding]:
    """What a send says of its age and cannot mean."""
    older, own_age = send.options.when_older, send.options.max_age_ms
    if older is not None and older.text == "past_events" and send.api == "legacy":
        message = "`past_events` belongs to v2: the legacy tracker has no such call"
        remedy = "remove it: a legacy event carries its time, and is sent at any age"
        yield Finding(older.place, "when-older", message, remedy)
        return
    word = older or defaults.when_older
    said = own_age if own_age is not None else defaults.max_age_ms
    ages = [freshness(said, word.text if word else None, spec).max_age_ms for spec in specs]
    if any(age is not None for age in ages):
        return
    if older is not None and older.text != "send":
        message = f"`when_older: {older.text}` has no effect: nothing says how old is too old"
        yield Finding(older.place, "when-older", message, "max_age: 24h")
    elif own_age is not None:
        message = "`max_age` has no effect: this event is sent at any age"
        remedy = "say what becomes of older ones: `when_older: drop`"
        yield Finding(send.place, "when-older", message, remedy, "warning")
