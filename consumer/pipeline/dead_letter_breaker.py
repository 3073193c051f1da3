"""Circuit breaker over dead letters: a bad mapping must not turn a whole topic into dead letters.

Two causes are counted apart. Records that decoded and failed afterwards speak against the mapping:
when most of them fail, nothing more is taken. Records that cannot be decoded speak against
their producer: when most of a topic are so, nothing more of that topic is taken.

Pure: counts how records end. The pipeline asks it before it takes a record.
"""

from collections import deque
from math import ceil

from consumer.config.settings import BreakerSettings
from consumer.model import Flight

EXPIRED = "expired"
"""Reason of an event that was too old after an outage. The mapping wishes it so: not counted."""


class _Window:
    """The last `size` ends: how many were dead letters, in all and in a row."""

    __slots__ = ("_ends", "dead", "in_a_row")

    def __init__(self, size: int) -> None:
        self._ends: deque[bool] = deque(maxlen=size)
        self.dead = self.in_a_row = 0

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, dead: bool) -> None:
        ends = self._ends
        if len(ends) == ends.maxlen and ends[0]:
            self.dead -= 1
        ends.append(dead)
        if dead:
            self.dead += 1
            self.in_a_row += 1
        else:
            self.in_a_row = 0


class DeadLetterBreaker:
    """Belongs to one mapping at a time: with another digest it begins anew.

    As many dead letters as the share of the window allows are too many already before the window is
    full: what would follow cannot make them fewer. Of one topic, undecodable records in a row are
    no reason to stop it: one producer writes many in a row.
    """

    __slots__ = (
        "_digest",
        "_limit",
        "_longest",
        "_mapped",
        "_size",
        "_topics",
        "_undecodable",
        "_why",
    )

    def __init__(self, settings: BreakerSettings) -> None:
        self._longest = settings.in_a_row
        self._size = settings.records
        self._limit = max(1, ceil(settings.share * settings.records))
        self._digest = ""
        self.reset()

    def reset(self) -> None:
        """Close it, with a whole budget: a person has looked into it."""
        self._mapped = _Window(self._size)
        # A topic has a window only while an undecodable record is within it: no work in good times.
        self._undecodable: dict[str, _Window] = {}
        self._topics: dict[str, str] = {}
        self._why = ""

    @property
    def open_reason(self) -> str:
        """The reason for which nothing, or nothing of some topic, is taken; empty while it is closed."""
        return "; ".join([self._why] if self._why else self._topics.values())

    @property
    def spent(self) -> float:
        """The used part of its budget, 0 to 1. It opens at 1."""
        if self._why or self._topics:
            return 1.0
        shares = [self._mapped.in_a_row / self._longest, self._mapped.dead / self._limit]
        shares += [window.dead / self._limit for window in self._undecodable.values()]
        return min(1.0, max(shares))

    def stops(self, topic: str) -> bool:
        """True if nothing of this topic may be taken."""
        return bool(self._why) or topic in self._topics

    def note(self, flight: Flight, digest: str) -> bool:
        """Count the end of a record; `digest` is the mapping in force. True when this opens it."""
        if digest != self._digest:
            self._digest = digest
            self.reset()
        if flight.digest != digest:
            return False  # taken with the mapping before
        failures = flight.failures
        if failures is not None and failures[0].stage == "decode":
            return self._note_undecodable(flight.partition.topic)
        if self._undecodable:
            self._note_decoded(flight.partition.topic)
        dead = failures is not None and failures[0].reason != EXPIRED
        window = self._mapped
        window.add(dead)
        if not dead or self._why:
            return False
        if window.in_a_row >= self._longest:
            self._why = f"{window.in_a_row} records in a row became dead letters"
        elif window.dead >= self._limit:
            self._why = f"{window.dead} of the last {len(window)} records became dead letters"
        return bool(self._why)

    def stands(self, digest: str) -> bool:
        """True if it is still open with this mapping."""
        if digest != self._digest and self.open_reason:
            self._digest = digest
            self.reset()
        return bool(self.open_reason)

    def _note_undecodable(self, topic: str) -> bool:
        window = self._undecodable.setdefault(topic, _Window(self._size))
        window.add(True)
        if window.dead < self._limit or topic in self._topics:
            return False
        self._topics[topic] = (
            f"{window.dead} of the last {len(window)} records of {topic} cannot be decoded"
        )
        return True

    def _note_decoded(self, topic: str) -> None:
        window = self._undecodable.get(topic)
        if window is not None:
            window.add(False)
            if not window.dead and topic not in self._topics:
                del self._undecodable[topic]
