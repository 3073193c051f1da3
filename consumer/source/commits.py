"""Asynchronous commits under way, each matched with its answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from consumer.source.assignment import Key
from consumer.stages import Position

REBALANCING = ("ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS")
"""Answers to a commit between two generations of the group: the same commit may succeed soon."""

Answer = Callable[[Sequence[Key], str | None], None]
"""Told which partitions were committed (error None) or were not (a Kafka error name). The calls for
one commit cover each of its partitions once."""


class _UnderWay(NamedTuple):
    offsets: dict[Key, int]
    answer: Answer


class Commits:
    """librdkafka answers by one call-back for all; the offsets tell which commit is meant."""

    def __init__(self) -> None:
        self._under_way: list[_UnderWay] = []

    def __len__(self) -> int:
        return len(self._under_way)

    def send(self, consumer: Consumer, positions: Mapping[Key, Position], answer: Answer) -> None:
        """Returns at once. A commit that cannot even be sent is answered from inside this call."""
        wanted = [
            TopicPartition(topic, number, position.offset, position.metadata)
            for (topic, number), position in positions.items()
        ]
        under_way = _UnderWay({key: p.offset for key, p in positions.items()}, answer)
        self._under_way.append(under_way)
        try:
            consumer.commit(offsets=wanted, asynchronous=True)
        except KafkaException as refused:
            self._under_way.remove(under_way)
            answer(list(positions), refused.args[0].name())

    def answered(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """librdkafka's call-back, on the thread that polls."""
        offsets = {(p.topic, p.partition): p.offset for p in partitions}
        found = next((each for each in self._under_way if each.offsets == offsets), None)
        if found is None:
            return
        self._under_way.remove(found)
        by_error: dict[str | None, list[Key]] = {}
        for partition in partitions:
            fault = partition.error or error
            by_error.setdefault(fault.name() if fault else None, []).append(
                (partition.topic, partition.partition)
            )
        for name, keys in by_error.items():
            found.answer(keys, name)

    def give_up(self) -> None:
        """No answer will come any more."""
        for each in self._under_way:
            each.answer(list(each.offsets), "_TIMED_OUT")
        self._under_way.clear()
