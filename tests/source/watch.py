"""A listener that writes down what the source tells, and a running source around it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from consumer.config.settings import StartSettings
from consumer.model import Partition, Record
from consumer.source.consumer import KafkaSource
from consumer.stages import Position, Positions
from consumer.telemetry.tallies import Tallies
from tests.parts.kafka import KafkaBroker


async def eventually(condition: Callable[[], Any], seconds: float = 20.0, what: str = "") -> None:
    """Return once `condition` holds; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what or "it did not happen in time"
        await asyncio.sleep(0.01)


def produce(kafka: KafkaBroker, topic: str, count: int, partitions: int = 1) -> None:
    """Records 0..count-1, in turn over the partitions, each with its number as value."""
    producer = kafka.producer()
    for number in range(count):
        producer.produce(topic, str(number).encode(), partition=number % partitions)
    assert producer.flush(30) == 0


class Watch:
    """Implements `stages.SourceListener`. At a revoke it answers with `final`, at once."""

    def __init__(self) -> None:
        self.starts: dict[Partition, Position] = {}
        self.ids_at_start: list[str] = []
        self.records: list[Record] = []
        self.calls: list[str] = []
        self.lost_partitions: list[Partition] = []
        self.revocations: list[tuple[list[Partition], float, Callable[[Positions], None]]] = []
        self.commits: list[tuple[Positions, str | None]] = []
        self.failures: list[Exception] = []
        self.final: Callable[[Sequence[Partition]], Positions] | None = lambda partitions: {}

    def assigned(self, starts: Positions) -> None:
        self.calls.append("assigned")
        assert not set(starts) & set(self.starts)
        self.starts.update(starts)
        self.ids_at_start += [partition.topic_id for partition in starts]

    def received(self, batches: Mapping[Partition, list[Record]]) -> None:
        for partition, records in batches.items():
            assert partition in self.starts, "records before their partition was assigned"
            self.records += records

    def revoked(
        self, partitions: Sequence[Partition], seconds: float, finished: Callable[[Positions], None]
    ) -> None:
        self.calls.append("revoked")
        self.revocations.append((list(partitions), seconds, finished))
        if self.final is not None:
            finished(self.final(partitions))

    def lost(self, partitions: Sequence[Partition]) -> None:
        self.calls.append("lost")
        self.lost_partitions += partitions

    def committed(self, positions: Positions, error: str | None) -> None:
        self.commits.append((positions, error))

    def failed(self, error: Exception) -> None:
        self.failures.append(error)

    def partition(self, number: int = 0) -> Partition:
        """The present assignment of this partition."""
        return next(p for p in reversed(self.starts) if p.number == number)

    def active(self) -> list[int]:
        return sorted(partition.number for partition in self.starts if partition.active)

    def offsets(self, number: int = 0) -> list[int]:
        return [r.offset for r in self.records if r.partition.number == number]

    def ends(self, partitions: Sequence[Partition]) -> Positions:
        """Behind the last record received of each partition."""
        return {
            record.partition: Position(record.offset + 1)
            for record in self.records
            if record.partition in partitions
        }


class Running:
    """A source with its watch, closed at the end of the block.

    `async with Running(kafka, topic) as (source, watch):`
    """

    def __init__(
        self,
        bootstrap: str,
        topics: str | list[str],
        group: str,
        *,
        start: StartSettings | None = None,
        drain_seconds: float = 5.0,
        close_seconds: float = 5.0,
        **kafka: str | int,
    ) -> None:
        written = {key.replace("_", "."): value for key, value in kafka.items()}
        self.tallies = Tallies()
        self.watch = Watch()
        self._close_seconds = close_seconds
        self.source = KafkaSource(
            {"bootstrap.servers": bootstrap, "group.id": group, **written},
            [topics] if isinstance(topics, str) else topics,
            start=start or StartSettings(no_offset="earliest"),
            drain_seconds=drain_seconds,
            tallies=self.tallies,
        )

    async def __aenter__(self) -> tuple[KafkaSource, Watch]:
        self.source.start(self.watch)
        return self.source, self.watch

    async def __aexit__(self, *_: object) -> None:
        await self.close({})

    async def close(self, positions: Positions) -> None:
        """Leave the group; a second call does nothing."""
        await asyncio.to_thread(self.source.close, positions, self._close_seconds)
