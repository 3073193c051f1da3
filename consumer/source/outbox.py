"""From the source's thread to the event loop: calls to the listener, in order, without flooding."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec

from consumer.model import Partition, Record
from consumer.stages import Positions, SourceListener

P = ParamSpec("P")

BATCHES_AHEAD = 4
"""Batches the loop may be behind. Beyond, the thread waits: pausing takes effect only once the loop
has seen the records that fill its buffers."""


class Outbox:
    """One `call_soon_threadsafe` per call; the loop keeps their order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: SourceListener) -> None:
        self._loop = loop
        self._listener = listener
        self._room = threading.BoundedSemaphore(BATCHES_AHEAD)

    @property
    def listener(self) -> SourceListener:
        """Whose methods are to be posted; never call them from the source's thread."""
        return self._listener

    def post(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._loop.call_soon_threadsafe(lambda: call(*args, **kwargs))

    def has_room(self, seconds: float) -> bool:
        """Wait for the loop to catch up; False when it has not within `seconds`."""
        if self._room.acquire(timeout=seconds):
            self._room.release()
            return True
        return False

    def hand_over(self, batches: Mapping[Partition, list[Record]]) -> None:
        """Post a batch. Call it after `has_room`, from one thread only."""
        self._room.acquire()
        self._loop.call_soon_threadsafe(self._receive, batches)

    def ask_to_finish(
        self, partitions: Sequence[Partition], drain_seconds: float, wait_seconds: float
    ) -> Positions | None:
        """Wait until the loop has finished what it has begun of these partitions; returns what to
        commit, or None when it does not answer within `wait_seconds`."""
        done = threading.Event()
        answer: list[Positions] = []

        def finished(positions: Positions) -> None:
            answer.append(positions)
            done.set()

        self.post(self._listener.revoked, partitions, drain_seconds, finished)
        return answer[0] if done.wait(wait_seconds) else None

    def _receive(self, batches: Mapping[Partition, list[Record]]) -> None:
        try:
            self._listener.received(batches)
        finally:
            self._room.release()
