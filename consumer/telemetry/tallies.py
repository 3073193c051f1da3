"""Counters the stages write to: plain integers, read by the metrics page when it is scraped.

Stages own no metric objects: adding to a dict costs 0.1 µs, and one place (`telemetry.metrics`)
decides how a tally is called and exported. A tally's labels are declared with it and come from
closed sets; never a value out of a record.
"""

from collections.abc import Iterator, Mapping

from consumer.model import Endpoint
from consumer.telemetry.histograms import (
    FRESHNESS_BOUNDS,
    LOOP_LAG_BOUNDS,
    REQUEST_BOUNDS,
    Histograms,
)


class Tally:
    """A counter by labels. `tally.add(("main/v2", "200"))`."""

    __slots__ = ("_counts", "labels")

    def __init__(self, *labels: str) -> None:
        self.labels = labels
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, key: tuple[str, ...] = (), count: int = 1) -> None:
        """Add `count` under `key`: one value per label, in the order of `labels`."""
        counts = self._counts
        counts[key] = counts.get(key, 0) + count

    def declare(self, *key: str) -> None:
        """Export this combination as zero from the start, so that a rate can be taken of it."""
        self._counts.setdefault(key, 0)

    def get(self, *key: str) -> int:
        return self._counts.get(key, 0)

    def total(self) -> int:
        return sum(self._counts.values())

    def items(self) -> Iterator[tuple[tuple[str, ...], int]]:
        yield from list(self._counts.items())


class Tallies:
    """All tallies of a process, made once by `app` and handed to each stage that counts."""

    def __init__(self) -> None:
        self.requests = Tally("account", "api", "code")
        """HTTP attempts by answer: a status code, or the transport fault's class."""
        self.retries = Tally("account", "api", "class")
        """Attempts that will be repeated, by outcome class."""
        self.skipped = Tally("account", "api", "reason")
        """Events not built, e.g. for want of a contact identifier."""
        self.left_out = Tally("field", "reason")
        """Optional values left out of an event because they broke a vendor rule."""
        self.rebalances = Tally("event")
        """assigned, revoked, lost: partitions, not calls."""
        self.commits = Tally("result")
        self.kafka_errors = Tally("code")
        self.dead_letters = Tally("stage", "reason")
        """Dead letters that Kafka has acknowledged, by the first failure of the record."""
        self.dead_letter_errors = Tally()
        """Failed attempts to write a dead letter."""
        self.schema_lookups = Tally("result")
        """hit, miss (fetched), negative (known not to exist), error (registry could not be asked)."""
        self.left_to_fastavro = Tally()
        """Records that a generated reader left to fastavro: damaged, or written oddly."""
        self.mapping_reloads = Tally("result")
        """Changed mappings: taken, or refused while the old one goes on."""
        self.pauses = Tally("reason")
        """Partitions paused: buffer, or a schema that is being fetched."""
        self.freshness = Histograms(FRESHNESS_BOUNDS, "account", "api")
        """Seconds from the record's Kafka timestamp to the delivery of each of its events."""
        self.request_seconds = Histograms(REQUEST_BOUNDS, "account", "api")
        """Seconds from handing an attempt to the HTTP client to its answer or fault."""
        self.loop_lag = Histograms(LOOP_LAG_BOUNDS)
        """Seconds by which a timer of the event loop came late."""

    def omitted(
        self, skipped: Mapping[tuple[Endpoint, str], int], left_out: Mapping[tuple[str, str], int]
    ) -> None:
        """Count what the mapping of one record left undone; see `model.Mapped`."""
        for (endpoint, reason), count in skipped.items():
            self.skipped.add((*endpoint, reason), count)
        for key, count in left_out.items():
            self.left_out.add(key, count)
