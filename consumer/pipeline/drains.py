"""Drains: partitions that leave, at a revoke or a shutdown, once their open records have ended.

A buffer is in one drain at most. What is revoked while the process shuts down leaves the drain of the
shutdown for one of its own, whose last commit the source waits for; the shutdown waits for both.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog

from consumer.clock import Clock, Timer
from consumer.pipeline.partition_buffers import PartitionBuffer
from consumer.stages import Positions

log = structlog.get_logger()


class Drain:
    """`finished` gets the positions to commit. Owner: `Drains`."""

    __slots__ = ("buffers", "finished", "last", "timer", "unfinished")

    def __init__(
        self, buffers: list[PartitionBuffer], finished: Callable[[Positions], None], *, last: bool
    ) -> None:
        self.buffers = buffers
        self.finished = finished
        self.last = last
        """It ends behind all others: the shutdown."""
        self.timer: Timer | None = None
        self.unfinished = 0
        """Records that it gave up; of the last one, also those of the drains it cut short."""

    def open_flights(self) -> int:
        return sum(len(buffer.flights) for buffer in self.buffers)


class Drains:
    """All drains under way. Each ends exactly once: then `ended` is called, in the loop's next round
    at the earliest."""

    def __init__(
        self, clock: Clock, loop: asyncio.AbstractEventLoop, ended: Callable[[Drain], None]
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._ended = ended
        self.under_way: list[Drain] = []

    def begin(
        self,
        buffers: list[PartitionBuffer],
        seconds: float,
        finished: Callable[[Positions], None],
        *,
        last: bool = False,
    ) -> Drain:
        """Wait until nothing of these buffers is under way, for `seconds` at most."""
        self.leave_out(buffers)
        drain = Drain(buffers, finished, last=last)
        self.under_way.append(drain)
        drain.timer = self._clock.call_later(seconds, lambda: self._out_of_time(drain))
        self.look_after()
        return drain

    def leave_out(self, buffers: Collection[PartitionBuffer]) -> None:
        """No drain need wait for these: they are lost, or go by another."""
        for drain in self.under_way:
            drain.buffers = [buffer for buffer in drain.buffers if buffer not in buffers]

    def look_after(self) -> None:
        """End, soon, what has nothing more to wait for."""
        for drain in self.under_way:
            if not drain.open_flights() and (not drain.last or len(self.under_way) == 1):
                self._loop.call_soon(self._end, drain)

    def _out_of_time(self, drain: Drain) -> None:
        if drain.last:
            for other in [each for each in self.under_way if each is not drain]:
                self._end(other)
                drain.unfinished += other.unfinished
        self._end(drain)

    def _end(self, drain: Drain) -> None:
        if drain not in self.under_way:
            return
        self.under_way.remove(drain)
        if drain.timer is not None:
            drain.timer.cancel()
        if unfinished := drain.open_flights():
            drain.unfinished += unfinished
            log.warning(
                "drain ran out of time, unfinished records are given back", records=unfinished
            )
        self._ended(drain)
        self.look_after()
