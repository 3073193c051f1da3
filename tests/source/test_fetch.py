"""How much is taken at once, and how a partition that cannot be fetched is noticed."""

from typing import cast

from confluent_kafka import Consumer, KafkaError, Message

from consumer.source.assignment import Assignment
from consumer.source.fetch import Fetcher, FetchFailures
from consumer.stages import Position
from tests.fakes import ManualClock

MIB = 1024**2
A, B = ("shop.clicks", 0), ("shop.clicks", 1)


class Full:
    """A consumer that always has more messages of one size."""

    def __init__(self, size: int) -> None:
        self._message = Message(topic="t", partition=0, offset=0, value=bytes(size))
        self.asked: list[int] = []

    def consume(self, number: int, _seconds: float) -> list[Message]:
        self.asked.append(number)
        return [self._message] * number


def taken(size: int) -> int:
    return len(Fetcher(cast("Consumer", Full(size)), 0.1).take())


def test_a_batch_of_large_records_is_smaller() -> None:
    assert taken(2_000) == 500
    assert taken(32_768) == 500
    assert taken(MIB) == 17
    assert taken(100 * MIB) == 1
    assert taken(0) == 500


def test_the_last_record_of_a_batch_counts_for_the_next() -> None:
    kafka = Full(4 * MIB)
    fetcher = Fetcher(cast("Consumer", kafka), 0.1)
    fetcher.take()
    kafka._message = Message(topic="t", partition=0, offset=0, value=b"small")
    assert len(fetcher.take()) == 5
    assert len(fetcher.take()) == 500


def test_a_partition_that_stands_still_below_its_end_is_noticed_after_a_minute() -> None:
    clock = ManualClock()
    assignment = Assignment()
    a = assignment.begin(A, Position(5), starting=False)
    b = assignment.begin(B, Position(5), starting=False)
    failures = FetchFailures(clock.monotonic)
    ends = {A: 9, B: 5}
    for _ in range(13):
        failures.look_after(ends, assignment)
        clock.advance(5.0)
    assert {key: one.error for key, one in failures.by_partition.items()} == {A: "no_progress"}
    a.next_offset = 6
    failures.came(A)
    assert failures.by_partition == {}
    # paused by us, or behind a marker of a transaction: it waits for nobody
    a.paused, b.ends_at = True, 7
    for _ in range(20):
        failures.look_after({A: 9, B: 7}, assignment)
        clock.advance(5.0)
    assert failures.by_partition == {}


def test_a_partition_that_is_no_longer_ours_is_forgotten() -> None:
    assignment = Assignment()
    entry = assignment.begin(A, Position(5), starting=False)
    failures = FetchFailures(ManualClock().monotonic)
    failures.failed(entry, KafkaError(KafkaError._BAD_COMPRESSION))
    assert failures.by_partition[A].error == "_BAD_COMPRESSION"
    assignment.end(A)
    failures.look_after({}, assignment)
    assert failures.by_partition == {}
