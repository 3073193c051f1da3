"""librdkafka's side of the source, played by the test: it says when which call-back comes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka import (
    OFFSET_END,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from consumer.source.assignment import Key

Call = Callable[[], object]


def message(key: Key, offset: int, error: KafkaError | None = None) -> Message:
    """A record, or an error where `error` is given."""
    topic, partition = key
    return Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=b"key",
        value=b"value",
        error=error,
        timestamp=(1, 1_763_700_000_000),
    )


class FakeConsumer:
    """Each `consume` plays the next step: a list of messages to return, or a call to make inside it
    (where librdkafka makes its call-backs). Without steps nothing comes."""

    def __init__(self) -> None:
        self.steps: list[list[Message] | Call] = []
        self.committed_offsets: dict[Key, int] = {}
        self.commits: list[dict[Key, int]] = []
        self.refuse_commits: KafkaError | None = None
        self.assigned: dict[Key, int] = {}
        self.paused: set[Key] = set()
        self.closed = False
        self.callbacks: dict[str, Callable[..., None]] = {}

    def subscribe(self, topics: list[str], **callbacks: Callable[..., None]) -> None:
        self.callbacks.update(callbacks)

    def consume(self, number: int, seconds: float) -> list[Message]:
        if not self.steps or number != 1:
            return []
        step = self.steps.pop(0)
        if isinstance(step, list):
            return step
        step()
        return []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [
            TopicPartition(p.topic, p.partition, self.committed_offsets.get(_key(p), -1001))
            for p in partitions
        ]

    def offsets_for_times(
        self, partitions: list[TopicPartition], timeout: float
    ) -> list[TopicPartition]:
        """Every log reaches from 0 to 100."""
        return [
            TopicPartition(p.topic, p.partition, 100 if p.offset == OFFSET_END else 0)
            for p in partitions
        ]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous, "a synchronous commit blocks for 45 s without a coordinator"
        if self.refuse_commits is not None:
            raise KafkaException(self.refuse_commits)
        self.commits.append({_key(p): p.offset for p in offsets})

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned.update({_key(p): p.offset for p in partitions})

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        for p in partitions:
            del self.assigned[_key(p)]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {_key(p) for p in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {_key(p) for p in partitions}

    def close(self) -> None:
        self.closed = True

    # ---- what the test makes happen ----------------------------------------------------------

    def assign(self, *keys: Key) -> Call:
        return lambda: self.callbacks["on_assign"](self, _partitions(keys))

    def revoke(self, *keys: Key) -> Call:
        return lambda: self.callbacks["on_revoke"](self, _partitions(keys))

    def lose(self, *keys: Key) -> Call:
        return lambda: self.callbacks["on_lost"](self, _partitions(keys))

    def answer(self, number: int = 0, error: int | None = None) -> Call:
        """Kafka's answer to the commit with this index, for all of its partitions."""

        def call() -> None:
            told = [TopicPartition(*key, offset) for key, offset in self.commits[number].items()]
            self.callbacks["on_commit"](KafkaError(error) if error is not None else None, told)

        return call


class _FakeAdmin:
    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = dict(ids)

    def describe_topics(
        self, topics: TopicCollection, **_: object
    ) -> dict[str, Future[SimpleNamespace]]:
        answers = {}
        for name in topics.topic_names:
            answers[name] = answer = Future[SimpleNamespace]()
            if name in self._ids:
                answer.set_result(SimpleNamespace(topic_id=self._ids[name]))
            else:
                error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
                answer.set_exception(KafkaException(error))
        return answers


def fake_admin(ids: Mapping[str, str]) -> AdminClient:
    """Tells the ids of these topics, and of the others that it knows none."""
    return cast("AdminClient", _FakeAdmin(ids))


class Immediately:
    """An event loop that runs at once what is posted to it."""

    def call_soon_threadsafe(self, call: Callable[..., object], *arguments: Any) -> None:
        call(*arguments)

    @classmethod
    def loop(cls) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", cls())


def _key(partition: TopicPartition) -> Key:
    return partition.topic, partition.partition


def _partitions(keys: Sequence[Key]) -> list[TopicPartition]:
    return [TopicPartition(*key) for key in keys]
