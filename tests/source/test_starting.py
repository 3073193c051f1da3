"""Starts that Kafka has not acknowledged."""

from collections.abc import Mapping, Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, TopicPartition

from consumer.source.assignment import Key
from consumer.source.commits import Commits
from consumer.source.starting import UncommittedStarts
from consumer.stages import Position
from tests.fakes import ManualClock
from tests.source.fake_consumer import FakeConsumer

OURS = ("shop.clicks", 0)
THEIRS = ("shop.clicks", 1)
IDLE = ("shop.clicks", 2)


class Stage:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.kafka = FakeConsumer()
        self.commits = Commits()
        self.done: list[Key] = []
        self.known: dict[Key, Position] = {}
        self.starts = UncommittedStarts(
            self.commits,
            known=self.ask,
            committed=self.done.append,
            monotonic=self.clock.monotonic,
        )
        every = {OURS: Position(10), THEIRS: Position(20), IDLE: Position(30)}
        self.starts.add(every, [OURS])

    def ask(self, _consumer: Consumer, keys: Sequence[Key]) -> Mapping[Key, Position]:
        return {key: self.known[key] for key in keys if key in self.known}

    def look_after(self) -> None:
        self.starts.look_after(cast("Consumer", self.kafka))

    def answer(self, number: int, error: int | None = None) -> None:
        told = [TopicPartition(*key, offset) for key, offset in self.kafka.commits[number].items()]
        self.commits.answered(KafkaError(error) if error is not None else None, told)


def test_the_starts_of_a_whole_topic_go_in_one_commit() -> None:
    stage = Stage()
    stage.look_after()
    assert stage.kafka.commits == [{OURS: 10, THEIRS: 20, IDLE: 30}]
    stage.answer(0)
    assert stage.done == [OURS]
    stage.clock.advance(10)
    stage.look_after()
    assert len(stage.kafka.commits) == 1


def test_a_member_that_has_begun_before_is_not_thrown_back() -> None:
    stage = Stage()
    stage.known[THEIRS] = Position(25)
    stage.look_after()
    assert stage.kafka.commits == [{OURS: 10, IDLE: 30}]


def test_a_repetition_never_throws_back_a_member_that_has_begun_meanwhile() -> None:
    stage = Stage()
    stage.look_after()
    stage.answer(0, KafkaError.REBALANCE_IN_PROGRESS)
    stage.known[THEIRS] = Position(25)
    stage.look_after()
    assert len(stage.kafka.commits) == 1  # not before a pause
    stage.clock.advance(1.0)
    stage.look_after()
    assert stage.kafka.commits[1] == {OURS: 10, IDLE: 30}
    assert stage.done == []


def test_starts_are_dropped_with_the_last_partition_of_ours() -> None:
    stage = Stage()
    stage.look_after()
    stage.answer(0, KafkaError.ILLEGAL_GENERATION)
    stage.starts.forget_all([TopicPartition(*OURS)])
    stage.clock.advance(1.0)
    stage.look_after()
    assert len(stage.kafka.commits) == 1
