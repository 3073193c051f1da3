"""Lag and brokers as plain data for the metrics: librdkafka's statistics, and what they leave out."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from consumer.source.assignment import Assignment, Key

ASK_SECONDS = 5.0
ASK_TIMEOUT_SECONDS = 1.0
ASK_AFTER_FAILURE_SECONDS = 30.0
"""The poll loop waits for the answer: while Kafka does not give one, ask rarely."""


class PartitionLag(NamedTuple):
    """`committed` is acknowledged by Kafka; `end` is that of the log, open transactions included, as
    Kafka's own tool counts (-1 while unknown)."""

    committed: int
    end: int

    @property
    def records(self) -> int:
        """The distance; never negative, though the two are not of the same moment."""
        return max(0, self.end - self.committed) if self.end >= 0 else 0


class Statistics(NamedTuple):
    """One reading. `ends` and `readable` are offsets by partition: the end of the log, and the end of
    what a reader of our isolation level gets. `brokers` are states by name (`UP`, `DOWN`, ...)."""

    ends: Mapping[Key, int]
    readable: Mapping[Key, int]
    brokers: Mapping[str, str]

    @property
    def connected(self) -> bool:
        return "UP" in self.brokers.values()


def read(text: str | bytes) -> Statistics:
    """Read librdkafka's JSON. Parts that are not known yet, or not of the documented form, are left
    out: figures for the metrics must not stop what they are about."""
    report = _table(_parsed(text))
    ends: dict[Key, int] = {}
    readable: dict[Key, int] = {}
    for topic, details in _table(report.get("topics")).items():
        for partition in _table(_table(details).get("partitions")).values():
            found = _table(partition)
            number, end = found.get("partition"), found.get("hi_offset")
            if not isinstance(number, int) or not isinstance(end, int) or end < 0:
                continue
            ends[topic, number] = end
            stable = found.get("ls_offset")
            readable[topic, number] = stable if isinstance(stable, int) and stable >= 0 else end
    return Statistics(ends, readable, dict(_brokers(report)))


def _brokers(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """librdkafka also lists the configured addresses and the logical coordinator; both are only
    other names of real brokers, which alone have a node id."""
    for broker in _table(report.get("brokers")).values():
        found = _table(broker)
        node, name, state = found.get("nodeid"), found.get("name"), found.get("state")
        if isinstance(node, int) and node >= 0 and isinstance(name, str) and isinstance(state, str):
            yield name, state


def _parsed(text: str | bytes) -> object:
    try:
        found: object = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError):
        return None
    return found


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


class Lags:
    """The lag of the group, by partition of ours."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._fetched: Mapping[Key, int] = {}
        self._asked: Mapping[Key, int] = {}
        self._ask_at = 0.0
        self.by_partition: Mapping[Key, PartitionLag] = {}
        """Read by other threads: replaced as a whole, never changed."""

    def heard(self, statistics: Statistics, assignment: Assignment) -> None:
        """librdkafka's own knowledge has come."""
        self._fetched = statistics.ends
        self._update(assignment)

    def look_after(self, consumer: Consumer, assignment: Assignment) -> None:
        """Ask, every few seconds, where the paused partitions end: librdkafka learns that from
        fetching, so that the lag of what is paused would stand still just when it grows."""
        now = self._monotonic()
        if now < self._ask_at:
            return
        self._ask_at = now + ASK_SECONDS
        paused = [TopicPartition(*each.key, OFFSET_END) for each in assignment if each.paused]
        self._asked = {}
        if paused:
            try:
                answers = consumer.offsets_for_times(paused, timeout=ASK_TIMEOUT_SECONDS)
            except Exception:  # noqa: BLE001 an answer that cannot be read is none
                self._ask_at = now + ASK_AFTER_FAILURE_SECONDS
                return
            self._asked = {(a.topic, a.partition): a.offset for a in answers if a.error is None}
            self._update(assignment)

    def _update(self, assignment: Assignment) -> None:
        self.by_partition = {
            each.key: PartitionLag(
                each.acknowledged,
                max(self._fetched.get(each.key, -1), self._asked.get(each.key, -1)),
            )
            for each in assignment
        }
