"""Fetching: how many records are taken at once, and which partitions cannot be fetched."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaError, Message

from consumer.source.assignment import Assigned, Assignment, Key

log = structlog.get_logger()

BATCH = 500

COPIED_BYTES = 16 * 1024**2
"""Limits one batch, by the size of its first record and of the last one before. librdkafka
inflates a packed batch whole and confluent-kafka copies each record that is taken: 400 records of
1 MB in a batch of 400 kB took 830 MB when they were taken at once, and take 437 MB so."""

STALLED_SECONDS = 60.0
STALLED = "no_progress"


class Fetcher:
    """Takes what librdkafka has fetched."""

    def __init__(self, consumer: Consumer, seconds: float) -> None:
        self._consumer = consumer
        self._seconds = seconds
        self._last_size = 0

    def take(self) -> list[Message]:
        """Wait for one record, `seconds` at most, then take what is there: `consume(n, t)` would wait
        out t. Raises KafkaException."""
        messages = self._consumer.consume(1, self._seconds)
        if messages:
            largest = max(len(messages[0]), self._last_size, 1)
            more = min(BATCH - 1, COPIED_BYTES // largest)
            if more:
                messages += self._consumer.consume(more, 0)
            self._last_size = len(messages[-1])
        return messages


class FetchFailure(NamedTuple):
    """`error` is Kafka's name, or STALLED; `since` is monotonic time."""

    error: str
    since: float


class FetchFailures:
    """Partitions of ours that have records which do not come.

    librdkafka asks for them again without end: a batch that it cannot unpack, or that is larger than
    `receive.message.max.bytes`, stops its partition until a person acts.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._progress: dict[Key, tuple[int, float]] = {}
        self.by_partition: Mapping[Key, FetchFailure] = {}
        """Read by other threads: replaced as a whole, never changed."""

    def failed(self, entry: Assigned, error: KafkaError) -> None:
        """librdkafka reports an error for this partition."""
        self._note(entry, error.name())

    def came(self, key: Key) -> None:
        """Records of the partition came, or its end."""
        if key in self.by_partition:
            self.by_partition = {k: v for k, v in self.by_partition.items() if k != key}
            log.info("a partition is fetched again", partition=f"{key[0]}/{key[1]}")

    def look_after(self, ends: Mapping[Key, int], assignment: Assignment) -> None:
        """With each reading of the end offsets: find the partitions that stand still below theirs."""
        now = self._monotonic()
        before, self._progress = self._progress, {}
        held = {entry.key: entry for entry in assignment}
        for key, entry in held.items():
            at = max(entry.next_offset, entry.ends_at)
            waits = entry.paused or entry.starting or entry.leaving or at >= ends.get(key, -1)
            offset, since = before.get(key, (at, now))
            if waits or offset != at:
                offset, since = at, now
            self._progress[key] = offset, since
            if now - since >= STALLED_SECONDS:
                self._note(entry, STALLED)
        if not held.keys() >= self.by_partition.keys():
            self.by_partition = {k: v for k, v in self.by_partition.items() if k in held}

    def _note(self, entry: Assigned, error: str) -> None:
        if entry.key in self.by_partition:
            return
        failure = FetchFailure(error, self._monotonic())
        self.by_partition = {**self.by_partition, entry.key: failure}
        log.error(
            "a partition cannot be fetched",
            partition=str(entry.partition),
            offset=max(entry.next_offset, entry.ends_at),
            error=error,
        )
