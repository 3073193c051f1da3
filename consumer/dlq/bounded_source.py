"""A source that is over at given offsets: records behind them are not for this run."""

from collections.abc import Callable, Mapping, Sequence

from consumer.model import Partition, Record
from consumer.stages import Positions, Source, SourceListener

Key = tuple[str, int]


class BoundedSource:
    """Implements `stages.Source` and, towards the true source, `stages.SourceListener`.

    `ends` are the offsets behind the last record of each partition; a partition that is not among
    them was added later, and is left alone.
    """

    def __init__(self, source: Source, ends: Mapping[Key, int]) -> None:
        self._source = source
        self._ends = ends
        self._listener: SourceListener
        self._next: dict[Partition, int] = {}
        self._leaving: set[Partition] = set()

    @property
    def reached(self) -> bool:
        """True if everything up to the end offsets has been handed on, of all partitions that are
        ours. One that is left and still active begins anew, since its position is not in the log any
        more."""
        return (
            bool(self._next)
            and all(offset >= self._end(partition) for partition, offset in self._next.items())
            and not any(partition.active for partition in self._leaving)
        )

    def _end(self, partition: Partition) -> int:
        return self._ends.get((partition.topic, partition.number), 0)

    # ---- towards the pipeline --------------------------------------------------------------

    def start(self, listener: SourceListener) -> None:
        self._listener = listener
        self._source.start(self)

    def pause(self, partition: Partition) -> None:
        self._source.pause(partition)

    def resume(self, partition: Partition) -> None:
        self._source.resume(partition)

    def commit(self, positions: Positions) -> None:
        self._source.commit(positions)

    def close(self, positions: Positions, seconds: float) -> None:
        self._source.close(positions, seconds)

    def polled_within(self, seconds: float) -> bool:
        return self._source.polled_within(seconds)

    # ---- from the source -------------------------------------------------------------------

    def assigned(self, starts: Positions) -> None:
        for partition, start in starts.items():
            self._next[partition] = start.offset
        self._listener.assigned(starts)

    def received(self, batches: Mapping[Partition, list[Record]]) -> None:
        taken = {}
        for partition, records in batches.items():
            end = self._end(partition)
            within = [record for record in records if record.offset < end]
            if partition in self._next:
                self._next[partition] = records[-1].offset + 1
            if within:
                taken[partition] = within
        if taken:
            self._listener.received(taken)

    def revoked(
        self, partitions: Sequence[Partition], seconds: float, finished: Callable[[Positions], None]
    ) -> None:
        self._forget(partitions)
        self._leaving.update(partitions)
        self._listener.revoked(partitions, seconds, finished)

    def lost(self, partitions: Sequence[Partition]) -> None:
        self._forget(partitions)
        self._listener.lost(partitions)

    def committed(self, positions: Positions, error: str | None) -> None:
        self._listener.committed(positions, error)

    def failed(self, error: Exception) -> None:
        self._listener.failed(error)

    def _forget(self, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            self._next.pop(partition, None)
