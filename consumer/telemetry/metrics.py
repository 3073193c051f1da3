"""The metrics page: one declaration per metric, read from ledgers, tallies and gauges at scrape time.

Nothing is counted here. The hot path adds to plain integers; this module names and exports them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumer.ledger import Ledger
from consumer.telemetry.tallies import Tallies, Tally

PREFIX = "yespo_bridge_"


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value read at scrape time. `read` yields (label values, value)."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Iterable[tuple[tuple[str, ...], float]]]


class Snapshot(Protocol):
    """What the collector needs to see at one moment, taken on the loop's thread."""

    def __call__(self) -> Ledger: ...


TALLIES: tuple[tuple[str, str], ...] = (
    ("requests", "HTTP attempts by answer: a status code, or the class of the transport fault"),
    ("retries", "Attempts that failed and will be repeated, by class"),
    ("skipped", "Events not built though a rule asked for them, by reason"),
    ("left_out", "Optional values left out of an event because they broke a rule of the vendor"),
    ("rebalances", "Partitions assigned, revoked and lost"),
    ("commits", "Offset commits by result"),
    ("kafka_errors", "Errors reported by the Kafka client, by code"),
    ("dead_letter_errors", "Failed attempts to write a dead letter"),
    ("schema_lookups", "Schema look-ups by result: hit, miss, negative, error"),
    ("pauses", "Partitions paused, by reason"),
)


class BridgeCollector(Collector):
    """Exports one process's ledgers, tallies and gauges."""

    def __init__(self, snapshot: Snapshot, tallies: Tallies, gauges: Iterable[Gauge]) -> None:
        self._snapshot = snapshot
        self._tallies = tallies
        self._gauges = tuple(gauges)

    def collect(self) -> Iterator[Metric]:
        ledger = self._snapshot()
        yield from _records(ledger)
        yield from _events(ledger)
        for name, help_text in TALLIES:
            yield _counter(name, help_text, getattr(self._tallies, name))
        for gauge in self._gauges:
            family = GaugeMetricFamily(PREFIX + gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.read():
                family.add_metric(labels, value)
            yield family


def registry(collector: BridgeCollector) -> CollectorRegistry:
    """A registry of its own, so that two bridges in one process do not meet."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


def _counter(name: str, help_text: str, tally: Tally) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_text, labels=tally.labels)
    for labels, count in tally.items():
        family.add_metric(labels, count)
    return family


def _records(ledger: Ledger) -> Iterator[Metric]:
    where = ("topic", "partition")
    received = CounterMetricFamily(PREFIX + "records_received", "Records taken", labels=where)
    ended = CounterMetricFamily(
        PREFIX + "records_ended",
        "Records by the way they ended",
        labels=(*where, "outcome", "reason"),
    )
    held = GaugeMetricFamily(
        PREFIX + "records_in_flight", "Records taken that have not ended", labels=where
    )
    for (topic, number), counts in ledger.records.items():
        labels = (topic, str(number))
        received.add_metric(labels, counts.received)
        held.add_metric(labels, counts.in_flight)
        ended.add_metric((*labels, "delivered", ""), counts.delivered)
        ended.add_metric((*labels, "released", ""), counts.released)
        for reason, count in counts.filtered.items():
            ended.add_metric((*labels, "filtered", reason), count)
        for reason, count in counts.dead_lettered.items():
            ended.add_metric((*labels, "dead_lettered", reason), count)
    yield from (received, ended, held)


def _events(ledger: Ledger) -> Iterator[Metric]:
    kind = ("account", "api", "event")
    built = CounterMetricFamily(PREFIX + "events_built", "Events built by the mapping", labels=kind)
    ended = CounterMetricFamily(
        PREFIX + "events_ended", "Events by the way they ended", labels=(*kind, "outcome")
    )
    held = GaugeMetricFamily(
        PREFIX + "events_in_flight", "Events built that have not ended", labels=kind
    )
    for (endpoint, name), counts in ledger.events.items():
        labels = (*endpoint, name)
        built.add_metric(labels, counts.built)
        held.add_metric(labels, counts.in_flight)
        for outcome in ("delivered", "superseded", "expired", "dead_lettered", "released"):
            ended.add_metric((*labels, outcome), getattr(counts, outcome))
    yield from (built, ended, held)
