"""Stand-ins shared by the tests. Each implements a protocol of the package, none of its rules."""

import heapq
import itertools
from collections.abc import Callable

from consumer.clock import Timer
from consumer.model import Partition, Record


class ManualClock:
    """Time that passes only when the test says so. Timers run in order, on `advance`."""

    def __init__(self, now_ms: int = 1_763_700_000_000) -> None:
        self._seconds = 1000.0
        self._start_ms = now_ms
        self._order = itertools.count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    def monotonic(self) -> float:
        return self._seconds

    def now_ms(self) -> int:
        return self._start_ms + round((self._seconds - 1000.0) * 1000)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = _ManualTimer(call)
        heapq.heappush(self._timers, (self._seconds + seconds, next(self._order), timer))
        return timer

    @property
    def pending(self) -> int:
        """Timers that have neither run nor been cancelled."""
        return sum(timer.call is not None for _, _, timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Let time pass, running every timer that falls due, also those set on the way."""
        until = self._seconds + seconds
        while self._timers and self._timers[0][0] <= until:
            due, _, timer = heapq.heappop(self._timers)
            self._seconds = max(self._seconds, due)
            if timer.call is not None:
                call, timer.call = timer.call, None
                call()
        self._seconds = until

    def stand_still(self, seconds: float) -> None:
        """The process does not run for so long: timers that fall due meanwhile are late."""
        self._seconds += seconds


class _ManualTimer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


def a_record(
    offset: int = 0,
    *,
    partition: Partition | None = None,
    key: bytes | None = b"visitor-1",
    value: bytes | None = b"value",
    timestamp_ms: int = 1_763_700_000_000,
) -> Record:
    """A record at `shop.clicks/0` unless said otherwise."""
    where = partition or Partition("shop.clicks", 0, 1)
    return Record(where, offset, key, value, (), timestamp_ms)
