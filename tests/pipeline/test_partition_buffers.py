"""Memory of a partition is bounded: paused by records or bytes, and not resumed at once."""

from collections.abc import Sequence
from typing import Any

import pytest

from consumer.model import Partition, Record
from consumer.pipeline.ledger import RecordCounts
from consumer.pipeline.partition_buffers import PartitionBuffer, PartitionBuffers

KIB = 1024


class Paused(set[Partition]):
    """The partitions that are paused, and how often any was."""

    times = 0

    def pause(self, partition: Partition) -> None:
        assert partition not in self
        self.add(partition)
        self.times += 1


def buffer_of(
    paused: Paused, records: int, size: int, partitions: int = 1
) -> tuple[PartitionBuffers, PartitionBuffer]:
    buffers = PartitionBuffers(records=records, size=size, pause=paused.pause, resume=paused.remove)
    for number in range(partitions):
        buffers.add(Partition("shop.clicks", number, 1), RecordCounts())
    return buffers, next(iter(buffers))


def some(
    buffer: PartitionBuffer,
    count: int,
    value: bytes | None = b"",
    key: bytes | None = None,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> list[Record]:
    return [Record(buffer.partition, number, key, value, headers, 0) for number in range(count)]


@pytest.mark.parametrize(
    "of_a_kilobyte",
    [
        {"value": bytes(KIB)},
        {"value": None, "key": bytes(KIB)},
        {"value": bytes(512), "headers": [("trace", bytes(502)), ("empty", None)]},
        {"value": None, "headers": [("h" * 24, bytes(1000))]},
    ],
    ids=["value", "key", "half in headers", "all in headers"],
)
def test_bytes_pause_a_partition_until_half_of_them_are_gone(of_a_kilobyte: dict[str, Any]) -> None:
    paused = Paused()
    buffers, buffer = buffer_of(paused, records=10_000, size=100 * KIB)
    buffers.fill(buffer, some(buffer, 99, **of_a_kilobyte))
    assert not paused
    assert buffers.fill(buffer, some(buffer, 2, **of_a_kilobyte))
    assert paused == {buffer.partition}
    for _ in range(50):
        buffer.take()
        buffers.relieve(buffer)
    assert paused == {buffer.partition}
    buffer.take()
    buffers.relieve(buffer)
    assert not paused
    buffers.fill(buffer, some(buffer, 40, **of_a_kilobyte))
    assert paused.times == 1


def test_records_pause_a_partition_however_small_they_are() -> None:
    paused = Paused()
    buffers, buffer = buffer_of(paused, records=100, size=10**9)
    assert buffers.fill(buffer, some(buffer, 100))
    for _ in range(49):
        buffer.take()
    buffers.relieve(buffer)
    assert paused
    buffer.take()
    buffers.relieve(buffer)
    assert not paused


def test_partitions_share_the_buffer() -> None:
    paused = Paused()
    buffers, buffer = buffer_of(paused, records=10_000, size=1000 * KIB, partitions=4)
    buffers.fill(buffer, some(buffer, 249, bytes(KIB)))
    assert not paused
    buffers.fill(buffer, some(buffer, 1, bytes(KIB)))
    assert paused == {buffer.partition}


def test_one_record_larger_than_the_buffer_is_taken_and_the_next_one_fetched() -> None:
    paused = Paused()
    buffers, buffer = buffer_of(paused, records=100, size=64 * KIB)
    assert buffers.fill(buffer, some(buffer, 1, bytes(1000 * KIB)))
    record = buffer.take()
    buffers.relieve(buffer)
    assert not paused
    buffer.put_back(record)
    assert buffer.buffered == 1000 * KIB
    assert buffer.drop_waiting() == 1
    assert buffer.buffered == 0
