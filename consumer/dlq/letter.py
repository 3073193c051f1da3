"""A dead letter read back: the record as it once came, and why it could not be sent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from consumer.delivery.dead_letters.headers import parted
from consumer.model import NEVER_REPLAYED, Partition, Record, Replayed, TimestampType

_NEEDED = ("topic", "partition", "offset", "timestamp", "timestamp_type", "stage", "reason")


class Named(NamedTuple):
    """The parts of `Event.label`. A rule's name may hold a slash, nothing else does."""

    endpoint: str
    event: str
    rule: str
    element: str


def parts_of(label: str) -> Named:
    account, _, rest = label.partition("/")
    api, _, rest = rest.partition("/")
    event, _, rest = rest.partition("/")
    rule, _, element = rest.rpartition("/")
    return Named(f"{account}/{api}", event, rule, element)


@dataclass(frozen=True, slots=True)
class Letter:
    """`record` has the position, time and headers of the original; `place` is where the dead letter
    itself lies, written at `written_ms` (epoch milliseconds, -1 if Kafka has no time of it).

    `events` are the labels of the events that failed; empty where the record as a whole did.
    `failures` are for a person, empty where they had to be left out: stage, reason, detail, event.
    """

    record: Record
    place: str
    written_ms: int
    stage: str
    reason: str
    events: tuple[str, ...]
    failures: Sequence[dict[str, str]]
    mapping: str
    bridge: str
    detail: str = ""
    """The first failure in words, empty where it had to be left out."""
    again: Replayed = NEVER_REPLAYED
    """The number of replays it has failed in, the size of the record if the letter lacks it, and the
    endpoints of its scope."""

    @property
    def lacks_record(self) -> bool:
        """True if the letter holds the position of its record alone: it was too large."""
        return self.again.size > 0

    @property
    def origin(self) -> tuple[object, ...]:
        """Equal for dead letters of one record in one scope. The time is in it because a topic made
        anew counts its offsets from 0 again."""
        where = self.record.partition
        times = self.record.offset, self.record.timestamp_ms
        return where.topic, where.number, *times, self.again.endpoints

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two dead letters of one failure: a record that a `kill -9` repeats fails twice."""
        return *self.origin, self.events


def letter_of(record: Record) -> Letter | None:
    """The dead letter in this record of the dead-letter topic; None where it is not one of ours."""
    ours, kept = parted(record.headers)
    if any(name not in ours for name in _NEEDED):
        return None
    try:
        original = replace(
            record,
            partition=Partition(ours["topic"], int(ours["partition"]), 0),
            offset=int(ours["offset"]),
            headers=kept,
            timestamp_ms=int(ours["timestamp"]),
            timestamp_type=TimestampType(ours["timestamp_type"]),
        )
        events = tuple(str(label) for label in _list(ours.get("events", "[]")))
        failures = [dict(each) for each in _list(ours.get("failures", "[]"))]
        again = Replayed(
            int(ours.get("replays", "0")),
            int(ours.get("size", "0")),
            tuple(str(endpoint) for endpoint in _list(ours.get("endpoints", "[]"))),
        )
    except (ValueError, TypeError):
        return None
    return Letter(
        original,
        record.position,
        record.timestamp_ms,
        ours["stage"],
        ours["reason"],
        events,
        failures,
        ours.get("mapping", ""),
        ours.get("bridge", ""),
        ours.get("detail", ""),
        again,
    )


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise TypeError
    return found


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of dead letters: empty parts choose all. Times are when they were written."""

    reasons: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    """Names of events (`cartUpdated`): letters that name one of them as failed."""
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.reasons or self.events or self.since or self.until)

    def takes(self, letter: Letter) -> bool:
        if self.reasons and letter.reason not in self.reasons:
            return False
        if self.events and not self.failed(letter):
            return False
        if self.since is not None and letter.written_ms < self.since.timestamp() * 1000:
            return False
        return self.until is None or letter.written_ms < self.until.timestamp() * 1000

    def failed(self, letter: Letter) -> tuple[str, ...]:
        """The chosen ones of the failed events."""
        if not self.events:
            return letter.events
        return tuple(label for label in letter.events if parts_of(label).event in self.events)

    def described(self) -> str:
        """The same text for the same selection: it names the position of a replay."""
        times = [moment.isoformat() if moment else "" for moment in (self.since, self.until)]
        return "|".join([",".join(sorted(self.reasons)), ",".join(sorted(self.events)), *times])
