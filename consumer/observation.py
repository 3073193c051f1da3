"""The running bridge as seen from outside: gauges, probes and the status page.

Scrapers and probes come in threads of their own. What must be consistent (the ledgers) is copied on
the loop's thread; the rest are single reads of plain values.
"""

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Iterable
from typing import Any

from consumer import __version__, report
from consumer.commit.committer import Committer
from consumer.delivery.deliver import Delivery
from consumer.ledger import Ledger
from consumer.pipeline import Pipeline
from consumer.source.consumer import KafkaSource
from consumer.stages import Map
from consumer.telemetry.metrics import Gauge
from consumer.telemetry.server import Probes

BEAT_SECONDS = 1.0
STUCK_SECONDS = 30.0
"""A loop or poll thread that has not moved for this long is taken for dead and restarted."""

SNAPSHOT_SECONDS = 1.0
"""A loop busier than this gives the page its last copy instead of holding the scraper."""

Values = Iterable[tuple[tuple[str, ...], float]]


class Observation:
    """Reads one process's stages. `begin` must be called on the loop's thread."""

    def __init__(
        self,
        *,
        source: KafkaSource,
        mapping: Map,
        delivery: Delivery,
        committer: Committer,
        pipeline: Pipeline,
        ledger: Ledger,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._source = source
        self._mapping = mapping
        self._delivery = delivery
        self._committer = committer
        self._pipeline = pipeline
        self._ledger = ledger
        self._loop = loop
        self._last = Ledger()
        self._beat_at = time.monotonic()
        self._started = False

    def begin(self) -> None:
        """Everything is built: startup has succeeded, the loop's pulse is taken from here on."""
        self._started = True
        self._beat()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def snapshot(self) -> Ledger:
        """A copy of both ledgers at one moment. From any thread but the loop's."""
        done: concurrent.futures.Future[Ledger] = concurrent.futures.Future()

        def take() -> None:
            self._pipeline.count_in_flight()
            done.set_result(self._ledger.snapshot())

        self._loop.call_soon_threadsafe(take)
        with contextlib.suppress(TimeoutError):
            self._last = done.result(SNAPSHOT_SECONDS)
        return self._last

    def gauges(self) -> list[Gauge]:
        where = ("topic", "partition")
        endpoint = ("account", "api")
        return [
            Gauge("build_info", "The running version", ("version",), lambda: [((__version__,), 1)]),
            Gauge(
                "mapping_info",
                "Digest of the mappings and schemas in force",
                ("digest",),
                lambda: [((self._mapping.digest,), 1)],
            ),
            Gauge(
                "lag_records",
                "Records between the committed offset and the end of the partition",
                where,
                lambda: [((t, str(p)), lag.records) for (t, p), lag in self._source.lags.items()],
            ),
            Gauge(
                "requests_unacknowledged",
                "Requests of admitted records that no acknowledged commit covers",
                (),
                lambda: [((), self._committer.unacknowledged)],
            ),
            Gauge("requests_in_flight", "Requests on the wire", endpoint, self._in_flight),
            Gauge("events_waiting", "Events taken and not on the wire", endpoint, self._waiting),
            Gauge(
                "endpoint_state",
                "1 for the state each endpoint is in",
                (*endpoint, "state"),
                self._states,
            ),
        ]

    def _in_flight(self) -> Values:
        return [(tuple(end), lane.in_flight) for end, lane in self._delivery.lanes.items()]

    def _waiting(self) -> Values:
        return [(tuple(end), lane.waiting) for end, lane in self._delivery.lanes.items()]

    def _states(self) -> Values:
        return [((*end, lane.state), 1) for end, lane in self._delivery.lanes.items()]

    def probes(self) -> Probes:
        return Probes(self._live, self._ready, self._startup, self._status)

    def _live(self) -> str | None:
        """The process moves. A vendor or a Kafka that is away is no reason for a restart."""
        if time.monotonic() - self._beat_at > STUCK_SECONDS:
            return f"the event loop has not moved for {STUCK_SECONDS:g} s"
        if self._started and not self._source.moved_within(STUCK_SECONDS):
            return f"the poll loop has not moved for {STUCK_SECONDS:g} s"
        return None

    def _ready(self) -> str | None:
        """It is a member of the group, or could be: own state only."""
        return None if self._source.joined else "Kafka has not been reached yet"

    def _startup(self) -> str | None:
        return None if self._started else "starting"

    def _status(self) -> dict[str, Any]:
        ledger = self.snapshot()
        return {
            "version": __version__,
            "mapping": self._mapping.digest,
            "partitions": {
                **report.partitions(ledger),
            },
            "lag": {f"{t}/{p}": lag.records for (t, p), lag in self._source.lags.items()},
            "endpoints": {
                str(end): {
                    "state": lane.state,
                    "in_flight": lane.in_flight,
                    "waiting": lane.waiting,
                    "last_error": lane.last_error,
                }
                for end, lane in self._delivery.lanes.items()
            },
            "unacknowledged_requests": self._committer.unacknowledged,
            "ledger": report.summary(ledger),
        }
