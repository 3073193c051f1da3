"""The seams: the protocol of each stage, and the calls a stage makes to the pipeline.

Stages do not import one another. Each implements one protocol below and gets what it needs by
constructor. Except where noted, everything runs on the event loop's thread, nothing blocks, and a
call-back is never made from inside the call that asked for it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from consumer.model import (
    NEVER_REPLAYED,
    Decoded,
    Event,
    Failure,
    Flight,
    Mapped,
    Outcome,
    Partition,
    Record,
    Replayed,
)


class Position(NamedTuple):
    """A commit for a partition: the next offset to read, and the commit metadata."""

    offset: int
    metadata: str = ""


Positions = Mapping[Partition, Position]


class SourceListener(Protocol):
    """Calls of the source to the pipeline, on the loop's thread, in the order of events."""

    def assigned(self, starts: Positions) -> None:
        """New partitions, each with the position it starts at and the metadata committed there."""

    def received(self, batches: Mapping[Partition, list[Record]]) -> None:
        """Records in offset order per partition. Batches of an ended assignment may still arrive."""

    def revoked(
        self, partitions: Sequence[Partition], seconds: float, finished: Callable[[Positions], None]
    ) -> None:
        """Partitions are being taken away: take nothing more of them, finish what is admitted within
        `seconds`, then call `finished` (from any thread, exactly once) with the positions to commit.
        The source's thread waits for that; the partitions turn inactive when it goes on."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Partitions already belong to another member (and are inactive): drop their work."""

    def committed(self, positions: Positions, error: str | None) -> None:
        """The answer to a `commit`. `error` is a Kafka error name such as `ILLEGAL_GENERATION`."""

    def failed(self, error: Exception) -> None:
        """The source cannot go on (SetupError or FatalError): end the process in order."""


class Source(Protocol):
    """Owns the Kafka consumer in a thread of its own. Always polls, also while paused."""

    def start(self, listener: SourceListener) -> None:
        """Start the thread, subscribe, join the group."""

    def pause(self, partition: Partition) -> None:
        """Fetch no more of this partition until `resume`. No-op when it is inactive."""

    def resume(self, partition: Partition) -> None: ...

    def commit(self, positions: Positions) -> None:
        """Commit asynchronously; the answer comes by `committed`."""

    def close(self, positions: Positions, seconds: float) -> None:
        """Commit `positions` synchronously within `seconds`, leave the group, end the thread.
        Blocks: call it from a worker thread."""

    def polled_within(self, seconds: float) -> bool:
        """True if the poll loop has moved in that time: for liveness, and against stale sends."""


class Decode(Protocol):
    def decode(self, record: Record) -> Decoded:
        """Raises InvalidRecord, or SchemaPending where `resolve` must be awaited first."""

    def look_ahead(self, records: Iterable[Record]) -> None:
        """Begin to fetch the schemas that these waiting records need."""

    async def resolve(self, ref: object) -> None:
        """Return once schema `ref` is known, or known not to exist (decode then raises
        InvalidRecord). Retries for as long as the registry cannot be asked. Concurrent calls for
        the same schema share one request."""


class Map(Protocol):
    @property
    def digest(self) -> str:
        """Identifies the mapping unit: stamped on dead letters."""

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        """Build and validate all events of the record. Raises InvalidRecord."""


class Deliver(Protocol):
    """Sends events: ordered per person within a partition and endpoint, retried until they end."""

    def submit(self, event: Event, flight: Flight) -> None:
        """Take an event. Its end is reported by the `ended(flight, event, outcome)` given at
        construction, never from inside this call."""

    @property
    def queued_seconds(self) -> float:
        """Seconds that the slowest endpoint needs for what waits for its rate, or its slots, alone."""

    def give_back(self, partitions: Sequence[Partition]) -> Collection[Flight]:
        """Forget each record of these partitions of which no event was started, unless a started
        event waits behind one of its own. Returns them: the next owner sends them for the first
        time. No `ended` is called for them."""

    def hurry(self, partitions: Sequence[Partition]) -> None:
        """These leave, and are abandoned in a while: what waits of them goes before all else."""

    def abandon(self, partitions: Sequence[Partition]) -> None:
        """Forget all unfinished events of these partitions and abort their connections; no
        `ended` is called for them any more."""

    async def close(self) -> None:
        """Close all connections. Nothing may be unfinished, or it is abandoned."""


EventEnded = Callable[[Flight, Event, Outcome], None]


class DeadLetters(Protocol):
    def send(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        """Write the record as it was, with our reasons as headers; `done` is called once Kafka has
        acknowledged it. Failures to write are retried for ever (and counted): a dead letter that
        cannot be written holds its record back, it is never dropped. A record that is too large for
        the topic is written by its position alone."""

    async def close(self, seconds: float) -> None:
        """Flush within `seconds`."""


class Commit(Protocol):
    """Per partition a gap-free watermark over the records seen, and the decision when to commit."""

    def assigned(self, starts: Positions) -> None: ...

    def finished_before(self, partition: Partition, offset: int) -> bool:
        """True if this record had already ended, by the committed metadata (above the gap)."""

    def admitted(self, flight: Flight) -> None:
        """A record goes on its way (in offset order per partition). Its
        `uncommitted_requests` are set."""

    def ended(self, flight: Flight) -> None:
        """This record has ended, in whatever way."""

    def positions(self, partitions: Sequence[Partition]) -> Positions:
        """Positions to commit now; partitions without progress are left out."""

    def committed(self, positions: Positions, error: str | None) -> None:
        """The answer to a commit, also of those made at revoke."""

    def forget(self, partitions: Sequence[Partition]) -> None: ...

    @property
    def unacknowledged(self) -> int:
        """Requests of admitted records that no acknowledged commit covers yet."""

    def gap(self, partition: Partition) -> int:
        """Records admitted above the lowest one that has not ended."""


class Stages(NamedTuple):
    """One of each, in the order of the path."""

    source: Source
    decode: Decode
    mapping: Map
    deliver: Deliver
    dead_letters: DeadLetters
    commit: Commit
