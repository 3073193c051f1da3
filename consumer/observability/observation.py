"""The running bridge as seen from outside: the samples of the metrics page, probes, status page.

Scrapers and probes come in threads of their own. Everything that is read for them is read at one
moment, on the loop's thread; a loop that does not answer leaves them the last reading.
"""

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import structlog

from consumer.observability.admin_server import Probes
from consumer.observability.collect import collect, declare_zeros
from consumer.observability.history import SAMPLE_SECONDS, History, take
from consumer.observability.parts import BridgeParts
from consumer.observability.status import describe
from consumer.observability.stuck import Holders
from consumer.observability.tap import Tap
from consumer.telemetry.exposition import Samples
from consumer.telemetry.histograms import LOOP_LAG_BOUNDS

log = structlog.get_logger()

BEAT_SECONDS = 0.1
STUCK_SECONDS = 30.0
"""A loop or poll thread that has not moved for this long is taken for dead and restarted."""

HEARTBEAT_SAMPLES = 12
"""Samples from one heartbeat in the log to the next: a minute."""

READ_SECONDS = 1.0
"""A loop busier than this gives the page its last reading instead of holding the scraper."""

T = TypeVar("T")


class Observation:
    """Reads one process's stages. `begin` must be called on the loop's thread."""

    def __init__(self, parts: BridgeParts, loop: asyncio.AbstractEventLoop) -> None:
        self._parts = parts
        self._loop = loop
        self._loop_lag = parts.tallies.histogram("event_loop_lag_seconds", LOOP_LAG_BOUNDS).of()
        self._beat_at = time.monotonic()
        self._started = False
        self._history = History()
        self._holders = Holders()
        self._tap = Tap(parts.pipeline, loop)
        self._beats = 0
        declare_zeros(parts)
        self._samples = _OnLoop[Samples](loop, lambda: collect(parts), {})
        self._status = _OnLoop[dict[str, Any]](loop, self._describe, {})

    def begin(self) -> None:
        """Everything is built: startup has succeeded, the loop's pulse is taken from here on."""
        self._started = True
        self._beat_at = time.monotonic() - BEAT_SECONDS
        self._beat()
        self._sample()

    def samples(self) -> Samples:
        """For `metrics.BridgeCollector`. From any thread but the loop's."""
        return self._samples()

    def probes(self) -> Probes:
        return Probes(
            self._live,
            self._ready,
            self._startup,
            self._status,
            self._tap.next_records,
            self._problems,
        )

    def _beat(self) -> None:
        now = time.monotonic()
        self._loop_lag.observe(now - self._beat_at - BEAT_SECONDS)
        self._beat_at = now
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def _live(self) -> str | None:
        """The process moves. A vendor or a Kafka that is away is no reason for a restart."""
        if time.monotonic() - self._beat_at > STUCK_SECONDS:
            return f"the event loop has not moved for {STUCK_SECONDS:g} s"
        if self._started and not self._parts.source.moved_within(STUCK_SECONDS):
            return f"the poll loop has not moved for {STUCK_SECONDS:g} s"
        return None

    def _ready(self) -> str | None:
        """It is a member of the group, or could be: own state only."""
        return None if self._parts.source.joined else "Kafka has not been reached yet"

    def _problems(self) -> list[str]:
        """Problems of the verdict, a line each. From any thread."""
        return [each.line() for each in self._parts.verdict.found]

    def _startup(self) -> str | None:
        return None if self._started else "starting"

    def _describe(self) -> dict[str, Any]:
        parts = self._parts
        status = describe(parts, self._history, self._holders)
        parts.verdict.update(status, time.time())
        return {"verdict": parts.verdict.plain(), **status, "last_hour": self._history.lines()}

    # ---- every few seconds -----------------------------------------------------------------

    def _sample(self) -> None:
        """Never raises: a bug in what people look at must not end what they look at."""
        try:
            self._look()
        except Exception:  # the log says where
            log.exception("the state could not be read")
        self._loop.call_later(SAMPLE_SECONDS, self._sample)

    def _look(self) -> None:
        parts = self._parts
        self._history.add(take(parts))
        self._holders.look(parts.pipeline.held(), time.monotonic())
        status = describe(parts, self._history, self._holders)
        parts.verdict.update(status, time.time())
        self._beats += 1
        if self._beats % HEARTBEAT_SAMPLES == 0:
            self._heartbeat(status)

    def line(self) -> str:
        """The state in one line, for a terminal. On the loop's thread."""
        recent, verdict = self._history.recent(), self._parts.verdict
        seconds = recent["seconds"] or 1.0
        delivered = sum(each["delivered"] for each in recent["endpoints"].values())
        lag = self._history.minute[-1].lag_seconds if self._history.minute else 0.0
        what = verdict.found[0].problem.what if verdict.found else "all is well"
        return (
            f"{len(self._parts.pipeline.held())} partitions, "
            f"in {recent.get('received', 0) / seconds:,.1f}/s, out {delivered / seconds:,.1f}/s, "
            f"lag {lag:,.1f} s: {what}"
        )

    def _heartbeat(self, status: dict[str, Any]) -> None:
        """One line a minute: how much passes through, and what is wrong."""
        recent, verdict = status["recent"], self._parts.verdict
        ages = [one["lag_seconds"] or 0.0 for one in status["partitions"].values()]
        log.info(
            "heartbeat",
            verdict=verdict.level.value,
            problems=[each.line() for each in verdict.found],
            received=recent.get("received", 0),
            delivered=recent.get("delivered", 0),
            dead_letters=recent.get("dead_letters", 0),
            partitions=status["kafka"]["partitions"],
            lag_seconds=round(max(ages, default=0.0), 1),
        )


class _OnLoop(Generic[T]):
    """A call made on the loop's thread from another one; its last result when the loop is busy."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], T], first: T) -> None:
        self._loop = loop
        self._call = call
        self._last = first

    def __call__(self) -> T:
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def take() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(self._call())
            except Exception as error:  # noqa: BLE001 raised again in the thread that asked
                done.set_exception(error)

        self._loop.call_soon_threadsafe(take)
        with contextlib.suppress(TimeoutError):
            self._last = done.result(READ_SECONDS)
        done.cancel()
        return self._last
