"""The time for which unknown schema ids may be waited for, shared by all of a registry.

A follower of the registry may learn of a new id a little later than the producer. Ids out of damaged or
hostile records look the same. So a new id is given a grace, and all graces together a budget: without
one, each random id would hold its partition up as long as a true one.
"""

from typing import Final

from consumer.clock import Clock

_GRACES: Final = 4
"""Full graces in the budget."""
_REFILL: Final = 1 / 20
"""Seconds of grace that come back in each second without one: at most 5 % of the time is waited."""


class GraceBudget:
    """Ids that wait at the same time spend the same seconds."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = seconds * _GRACES
        self._left = self._most
        self._waiting = 0
        self._at = clock.monotonic()

    def begin(self) -> bool:
        """Start waiting for an id, if the budget has a full grace, or others wait already."""
        self._settle()
        if self._left < (0 if self._waiting else self._seconds) or self._left <= 0:
            return False
        self._waiting += 1
        return True

    def end(self, *, found: bool) -> None:
        """Stop waiting for an id. One that was `found` proves a lag: the budget is whole again."""
        self._settle()
        self._waiting -= 1
        if found:
            self._left = self._most

    @property
    def spent(self) -> bool:
        self._settle()
        return self._left <= 0

    def _settle(self) -> None:
        now = self._clock.monotonic()
        passed, self._at = now - self._at, now
        change = -passed if self._waiting else passed * _REFILL
        self._left = min(self._most, self._left + change)
