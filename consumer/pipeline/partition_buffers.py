"""Buffers of the assigned partitions: records that wait, flights that are open, pauses.

Records wait here undecoded. A partition pauses when it holds more than its share of the buffer and
resumes at half of that: each pause throws librdkafka's prefetch away, so it must not flutter.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from consumer.model import Flight, Partition, Record
from consumer.pipeline.ledger import Ledger, RecordCounts

MIN_SHARE_RECORDS = 50
MIN_SHARE_BYTES = 64 * 1024


class Held(NamedTuple):
    """One partition's buffer in figures. Times are Kafka's in epoch milliseconds, -1 if unknown."""

    records: int
    oldest_ms: int
    """Of the lowest record that has not ended; -1 if none is held."""
    newest_offset: int
    """Of the last record that came; -1 before the first."""
    newest_ms: int
    paused: bool
    blocked: bool
    lowest: Flight | None = None
    """Of the admitted records that have not ended, the one that holds the commits; None if none."""
    next_offset: int = -1
    """Of the lowest record held, admitted or waiting; -1 if none is held."""


class PartitionBuffer:
    """One assigned partition: records that wait, flights that are open, and why it may stand still."""

    __slots__ = (
        "blocked",
        "buffered",
        "counts",
        "draining",
        "flights",
        "gap_exceeded",
        "newest_ms",
        "newest_offset",
        "partition",
        "paused",
        "waiting",
    )

    def __init__(self, partition: Partition, counts: RecordCounts) -> None:
        self.partition = partition
        self.counts = counts
        self.waiting: deque[Record] = deque()
        self.buffered = 0
        """Bytes of the waiting records."""
        self.flights: set[Flight] = set()
        """Admitted and not ended."""
        self.newest_offset = -1
        self.newest_ms = -1
        self.paused = False
        self.blocked = False
        """A schema is being fetched; the records behind it wait."""
        self.draining = False
        """Nothing more is taken: the partition or the process is leaving."""
        self.gap_exceeded = False
        """Its newest record was too far above its lowest unfinished one, at the last look."""

    def take(self) -> Record:
        record = self.waiting.popleft()
        self.buffered -= record.size
        return record

    def put_back(self, record: Record) -> None:
        self.waiting.appendleft(record)
        self.buffered += record.size

    def held(self, beside: Flight | None) -> Held:
        """`beside` is the record, if any, of whatever partition, that is mapped and not admitted."""
        ours = beside is not None and beside.partition is self.partition
        flights = {*self.flights, beside} if ours else self.flights
        lowest = min(flights, key=lambda flight: flight.offset, default=None)
        record = lowest.record if lowest is not None else None
        if record is None and self.waiting:
            record = self.waiting[0]
        return Held(
            len(flights) + len(self.waiting),
            record.timestamp_ms if record is not None else -1,
            self.newest_offset,
            self.newest_ms,
            self.paused,
            self.blocked,
            lowest,
            record.offset if record is not None else -1,
        )

    def drop_waiting(self) -> int:
        """Forget the waiting records; returns how many there were."""
        dropped = len(self.waiting)
        self.waiting.clear()
        self.buffered = 0
        return dropped


class PartitionBuffers:
    """All buffers, the order in which they are served, and the buffer they share."""

    def __init__(
        self,
        *,
        records: int,
        size: int,
        pause: Callable[[Partition], None],
        resume: Callable[[Partition], None],
    ) -> None:
        self._records = records
        self._size = size
        self._pause = pause
        self._resume = resume
        self._buffers: dict[Partition, PartitionBuffer] = {}
        self._turns: deque[PartitionBuffer] = deque()
        self._share_records = records
        self._share_size = size

    def __iter__(self) -> Iterator[PartitionBuffer]:
        return iter(self._buffers.values())

    def __len__(self) -> int:
        return len(self._buffers)

    def get(self, partition: Partition) -> PartitionBuffer | None:
        return self._buffers.get(partition)

    def of(self, partitions: Iterable[Partition]) -> list[PartitionBuffer]:
        """The buffers of these partitions, those that are not here left out."""
        return [self._buffers[p] for p in partitions if p in self._buffers]

    def add(self, partition: Partition, counts: RecordCounts) -> None:
        buffer = PartitionBuffer(partition, counts)
        self._buffers[partition] = buffer
        self._turns.append(buffer)
        self._share_out()

    def remove(self, buffer: PartitionBuffer) -> None:
        del self._buffers[buffer.partition]
        self._turns.remove(buffer)
        self._share_out()

    def fill(self, buffer: PartitionBuffer, records: Sequence[Record]) -> bool:
        """Take records into the buffer. True when this made it pause."""
        buffer.waiting.extend(records)
        buffer.newest_offset, buffer.newest_ms = records[-1].offset, records[-1].timestamp_ms
        buffer.buffered += sum([record.size for record in records])
        full = len(buffer.waiting) >= self._share_records or buffer.buffered >= self._share_size
        if full and not buffer.paused:
            buffer.paused = True
            self._pause(buffer.partition)
            return True
        return False

    def relieve(self, buffer: PartitionBuffer) -> None:
        """Resume a paused buffer once it has half its share free."""
        if (
            buffer.paused
            and not buffer.draining
            and len(buffer.waiting) <= self._share_records // 2
            and buffer.buffered <= self._share_size // 2
        ):
            buffer.paused = False
            self._resume(buffer.partition)

    def next_turn(self, may_run: Callable[[PartitionBuffer], bool]) -> PartitionBuffer | None:
        """The next buffer, in turn, that has records waiting and may run."""
        for _ in range(len(self._turns)):
            buffer = self._turns[0]
            self._turns.rotate(-1)
            if buffer.waiting and not buffer.blocked and not buffer.draining and may_run(buffer):
                return buffer
        return None

    def _share_out(self) -> None:
        number = max(1, len(self._buffers))
        self._share_records = max(MIN_SHARE_RECORDS, self._records // number)
        self._share_size = max(MIN_SHARE_BYTES, self._size // number)

    def count_in_flight(self, ledger: Ledger, beside: Flight | None) -> None:
        """Count what is held: waiting records, open flights, unfinished events. `beside` is the record
        that waits for the budget."""
        for records in ledger.records.values():
            records.in_flight = 0
        for events in ledger.events.values():
            events.in_flight = 0
        for buffer in self:
            buffer.counts.in_flight = len(buffer.waiting) + len(buffer.flights)
            for flight in buffer.flights:
                for event in flight.events:
                    ledger.of_event(event.endpoint, event.name).in_flight += 1
        if beside is not None:
            ledger.of_partition(beside.partition).in_flight += 1
