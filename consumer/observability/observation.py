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

from consumer import __version__
from consumer.observability.admin_server import Probes
from consumer.observability.collect import collect, declare_zeros
from consumer.observability.lag import lag_seconds
from consumer.observability.parts import BridgeParts
from consumer.pipeline import report
from consumer.privacy.log_lines import mask
from consumer.telemetry.exposition import Samples
from consumer.telemetry.histograms import LOOP_LAG_BOUNDS

BEAT_SECONDS = 0.1
STUCK_SECONDS = 30.0
"""A loop or poll thread that has not moved for this long is taken for dead and restarted."""

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
        declare_zeros(parts)
        self._samples = _OnLoop[Samples](loop, lambda: collect(parts), {})
        self._status = _OnLoop[dict[str, Any]](loop, self._describe, {})

    def begin(self) -> None:
        """Everything is built: startup has succeeded, the loop's pulse is taken from here on."""
        self._started = True
        self._beat_at = time.monotonic() - BEAT_SECONDS
        self._beat()

    def samples(self) -> Samples:
        """For `metrics.BridgeCollector`. From any thread but the loop's."""
        return self._samples()

    def probes(self) -> Probes:
        return Probes(self._live, self._ready, self._startup, self._status)

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

    def _startup(self) -> str | None:
        return None if self._started else "starting"

    def _describe(self) -> dict[str, Any]:
        parts = self._parts
        parts.pipeline.count_in_flight()
        lags = {f"{topic}/{number}": lag for (topic, number), lag in parts.source.lags.items()}
        ages = {"/".join(labels): age for labels, age in lag_seconds(parts, time.time())}
        held = {str(partition): held for partition, held in parts.pipeline.held().items()}
        return {
            "version": __version__,
            "mapping": parts.mapping.digest,
            "mapping_refused": parts.mapping.refused,
            "joined": parts.source.joined,
            "partitions": {
                name: {
                    **counts,
                    "assigned": name in held,
                    "lag_records": lags[name].records if name in lags else None,
                    "lag_seconds": ages.get(name),
                    "paused": name in held and held[name].paused,
                    "waits_for_schema": name in held and held[name].blocked,
                }
                for name, counts in report.partitions(parts.ledger).items()
            },
            "endpoints": {
                str(endpoint): {
                    "state": lane.state,
                    "in_flight": lane.in_flight,
                    "waiting": parts.delivery.waiting_for(endpoint),
                    "last_error": mask(lane.last_error),
                }
                for endpoint, lane in parts.delivery.lanes.items()
            },
            "dead_letters": {
                "outstanding": parts.dead_letters.outstanding,
                "failing": parts.dead_letters.failing,
                "stopped": parts.breaker.open_reason,
            },
            "registry_reachable": parts.registry.reachable,
            "unacknowledged_requests": parts.committer.unacknowledged,
            "ledger": report.summary(parts.ledger),
        }


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
