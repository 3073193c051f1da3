"""The partitions that this process holds: one entry per partition, one epoch per assignment."""

import itertools
from collections.abc import Iterable, Iterator

from confluent_kafka import OFFSET_INVALID, TopicPartition

from consumer.model import Partition
from consumer.stages import Position

Key = tuple[str, int]


class Assigned:
    """One partition of ours and how far we are. Owner: the source's thread."""

    __slots__ = (
        "acknowledged",
        "ends_at",
        "leaving",
        "next_offset",
        "partition",
        "paused",
        "sent",
        "starting",
    )

    def __init__(self, partition: Partition, start: Position, *, starting: bool) -> None:
        self.partition = partition
        self.next_offset = start.offset
        """The offset behind the last record handed over."""
        self.ends_at = -1
        """The end of the partition when we last came to it, behind transaction markers."""
        self.sent = start
        """The newest position we asked to be committed."""
        self.acknowledged = start.offset
        self.paused = False
        self.starting = starting
        """Its resolved start is not committed yet: no record may be taken."""
        self.leaving = False
        """Out of range: its last records are being finished before it begins anew."""

    @property
    def key(self) -> Key:
        return self.partition.topic, self.partition.number

    def to_commit(self, position: Position) -> Position:
        """`position`, or the end where everything has ended and only markers follow."""
        if position.offset == self.next_offset < self.ends_at:
            return Position(self.ends_at)
        return position

    def ended_at(self, offset: int) -> Position | None:
        """The reader has come to the end of the partition. Returns what is to be committed now.

        What follows the last record may be transaction markers, which are never handed over:
        without a commit behind them the lag would never reach 0.
        """
        self.ends_at = offset
        committed = self.sent.offset
        if self.acknowledged == committed and self.next_offset <= committed < offset:
            return Position(offset)
        return None


class Assignment:
    """The partitions that are ours now. Epochs only grow, over all partitions."""

    def __init__(self) -> None:
        self._entries: dict[Key, Assigned] = {}
        self._epochs = itertools.count(1)

    def __iter__(self) -> Iterator[Assigned]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, key: Key, start: Position, *, starting: bool) -> Assigned:
        """A new assignment of a partition; a former one of the same partition must have ended."""
        entry = Assigned(Partition(*key, next(self._epochs)), start, starting=starting)
        self._entries[key] = entry
        return entry

    def end(self, key: Key) -> Assigned | None:
        """The assignment is over: nothing of it may be sent or committed from here on."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.partition.active = False
        return entry

    def get(self, key: Key) -> Assigned | None:
        return self._entries.get(key)

    def held(self, partitions: Iterable[TopicPartition]) -> list[Assigned]:
        """Those of `partitions` that are ours."""
        found = (self._entries.get((each.topic, each.partition)) for each in partitions)
        return [entry for entry in found if entry is not None]

    def of(self, partition: Partition) -> Assigned | None:
        """The entry of exactly this assignment; None once it has ended."""
        entry = self._entries.get((partition.topic, partition.number))
        return entry if entry is not None and entry.partition is partition else None


def at(key: Key, offset: int = OFFSET_INVALID) -> TopicPartition:
    """As librdkafka names a position; without `offset`, the partition alone."""
    return TopicPartition(*key, offset)


def names_of(entries: Iterable[Assigned]) -> list[str]:
    """For the log."""
    return [str(entry.partition) for entry in entries]
