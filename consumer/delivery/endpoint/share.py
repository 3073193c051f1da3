"""This process's part of what the vendor takes from the whole group: its part of the partitions.

Members do not talk to one another. Each lets go of its part as soon as partitions go, and takes a
larger one a moment after they have come. That no second sees more than the group may send rests on
this order: Kafka gives a partition away after its owner has drained it (or has been silent for a
session timeout), the owner's limiter is lower within one look, with the tokens of that part gone,
and the successor's begins after that, without tokens. So in any second the two together start what
one of them alone would have started at most: the rate of the part, and its burst once.
"""

from collections import deque
from collections.abc import Callable, Iterable

from consumer.clock import Clock, Timer
from consumer.delivery.endpoint.queue import EndpointQueue

LOOK_SECONDS = 0.25
"""Seconds for which a change may go unnoticed."""
HOLD_SECONDS = 1.0
"""Until a larger part is used: the former owner's look, and as much again three times for a loop
that is late. A drain needs no time here: the partitions come after it."""


class Share:
    """Pure: times come in as arguments (monotonic seconds)."""

    __slots__ = ("_parts", "part")

    def __init__(self) -> None:
        self._parts: deque[tuple[float, float]] = deque([(float("-inf"), 0.0)])
        self.part = 0.0
        """The part that may be used, 0 to 1: the least of what was ours within the time held."""

    def changed(self, part: float, now: float) -> float:
        """`part` of the partitions is ours. Returns what may be used."""
        parts = self._parts
        parts.append((now, part))
        # The first entry is what held when that time began.
        while parts[1][0] <= now - HOLD_SECONDS:
            parts.popleft()
        self.part = min(part for _, part in parts)
        return self.part


class Sharing:
    """Keeps the queues at this process's part. `part` is what it has of all partitions, 0 to 1, None
    while that is unknown."""

    def __init__(
        self,
        queues: Iterable[EndpointQueue],
        part: Callable[[], float | None],
        clock: Clock,
    ) -> None:
        self._queues = list(queues)
        self._part = part
        self._share = Share()
        self._clock = clock
        self._timer: Timer
        self._apply(0.0)
        self._look()

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._clock.call_later(LOOK_SECONDS, self._look)
        part, before = self._part(), self._share.part
        if part is not None and self._share.changed(part, self._clock.monotonic()) != before:
            self._apply(self._share.part)

    def _apply(self, part: float) -> None:
        for queue in self._queues:
            queue.share(part)
