"""Time as a dependency, so that every timer can be tested without waiting."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A scheduled call that can be taken back."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Time, as far as the stages need it. All calls run on the event loop's thread."""

    def monotonic(self) -> float:
        """Seconds that never jump; for durations and deadlines."""

    def now_ms(self) -> int:
        """Wall-clock epoch milliseconds; for ages and timestamps."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Run `call` once, `seconds` from now."""


class SystemClock:
    """The real clock on the running event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    # Asked several times per event: no frame of ours in between.
    monotonic = staticmethod(time.monotonic)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self._loop.call_later(seconds, call)
