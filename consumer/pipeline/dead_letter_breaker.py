"""Stops taking records when most of them end as dead letters: a bad mapping must not turn a topic.

Pure: it counts how records end, and says when that is enough. What stops is the pipeline's taking.
"""

from collections import deque
from math import ceil

from consumer.config.settings import BreakerSettings
from consumer.model import Flight

EXPIRED = "expired"
"""Too old at the end of an outage, by the mapping's own wish: nobody's fault, and not counted."""


class DeadLetterBreaker:
    """Belongs to one mapping at a time: with another digest it begins anew."""

    __slots__ = ("_dead", "_digest", "_ends", "_in_a_row", "_limit", "_longest", "open_reason")

    def __init__(self, settings: BreakerSettings) -> None:
        self._longest = settings.in_a_row
        self._limit = max(1, ceil(settings.share * settings.records))
        self._ends: deque[bool] = deque(maxlen=settings.records)
        self._digest = ""
        self.reset()

    def reset(self) -> None:
        """Somebody has looked into it: take again, with a whole budget."""
        self._ends.clear()
        self._dead = self._in_a_row = 0
        self.open_reason = ""
        """Why nothing is taken; empty while all is well."""

    def note(self, flight: Flight, digest: str) -> bool:
        """How a record ends; `digest` is the mapping in force. True where this was once too often.

        As many dead letters as the share of the window allows are too many already before the
        window is full: what would follow cannot make them fewer.
        """
        if digest != self._digest:
            self._digest = digest
            self.reset()
        if flight.digest != digest:
            return False  # taken with the mapping before
        dead = flight.failures is not None and flight.failures[0].reason != EXPIRED
        ends = self._ends
        if len(ends) == ends.maxlen and ends[0]:
            self._dead -= 1
        ends.append(dead)
        if not dead:
            self._in_a_row = 0
            return False
        self._dead += 1
        self._in_a_row += 1
        if self.open_reason:
            return False
        if self._in_a_row >= self._longest:
            self.open_reason = f"{self._in_a_row} records in a row became dead letters"
        elif self._dead >= self._limit:
            self.open_reason = f"{self._dead} of the last {len(ends)} records became dead letters"
        return bool(self.open_reason)

    def stands(self, digest: str) -> bool:
        """Whether nothing is to be taken with this mapping."""
        if self.open_reason and digest != self._digest:
            self._digest = digest
            self.reset()
        return bool(self.open_reason)
