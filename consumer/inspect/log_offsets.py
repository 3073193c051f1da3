"""Offsets of topics as a reader sees them: partitions, beginnings, ends, times.

All questions go through a `Consumer` that never joins: the AdminClient of librdkafka 2.16 crashes the
process where a coordinator answers them with an error.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaException,
    TopicPartition,
)

from consumer.config.topics import is_pattern, matches
from consumer.errors import KafkaSetupError, SetupError
from consumer.inspect.topic_reader import Key, outside_the_group
from consumer.source import properties
from consumer.source.connect import missing_topics

T = TypeVar("T")

REQUEST_SECONDS = 5.0
PATIENCE_SECONDS = 15.0
"""Seconds for which a coordinator may be on the move before that is an error."""
PAUSE_SECONDS = 0.2

_ON_THE_MOVE = (
    *("NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE"),
    *("_WAIT_COORD", "NOT_LEADER_FOR_PARTITION"),
)
_AT_ENDS = {"earliest": OFFSET_BEGINNING, "latest": OFFSET_END}


class LogReader:
    """Offsets of `topics` (names, or patterns that begin with `^`); asks nothing of any group.

    A context manager. Blocks; raises KafkaSetupError for a topic that does not exist, KafkaException
    where Kafka refuses or does not answer.
    """

    def __init__(self, kafka: Mapping[str, properties.Value], topics: Sequence[str]) -> None:
        self._connection = outside_the_group(kafka)
        self._topics = topics
        self._consumer = Consumer(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def partitions(self) -> list[Key]:
        """All partitions of the topics. Raises KafkaSetupError where a topic does not exist, or there
        is none at all that matches a pattern."""
        # All topics: asking for one by name may create it.
        cluster = self._consumer.list_topics(timeout=REQUEST_SECONDS).topics
        keys: dict[Key, None] = {}  # once each, though a name and a pattern may both say it
        for topic in self._topics:
            names = [topic]
            if is_pattern(topic):
                names = sorted(name for name in cluster if matches(topic, name))
            for name in names:
                if name not in cluster:
                    raise missing_topics([name])
                keys.update(((name, number), None) for number in sorted(cluster[name].partitions))
        if not keys:
            raise KafkaSetupError(f"no topic matches {_listed(self._topics)}")
        return list(keys)

    def begins(self, keys: Iterable[Key]) -> dict[Key, int]:
        """The first offset of each partition."""
        return self._at(dict.fromkeys(keys, OFFSET_BEGINNING))

    def ends(self, keys: Iterable[Key]) -> dict[Key, int]:
        """The offset behind the last record of each partition."""
        return self._at(dict.fromkeys(keys, OFFSET_END))

    def offsets(self, target: str, keys: Sequence[Key]) -> dict[Key, int]:
        """Offsets of `earliest`, `latest`, an ISO 8601 time with zone (the first record of that time
        or later; the end where there is none), or of an offset.

        Raises SetupError for any other text and for an offset outside the log.
        """
        if target in _AT_ENDS:
            return self._at(dict.fromkeys(keys, _AT_ENDS[target]))
        if target.isdecimal():
            return self._checked(int(target), keys)
        ends = self.ends(keys)
        found = self._at(dict.fromkeys(keys, _epoch_ms(target)))
        return {key: offset if offset >= 0 else ends[key] for key, offset in found.items()}

    def _at(self, wanted: Mapping[Key, int]) -> dict[Key, int]:
        """Offsets of times in epoch milliseconds, or end offsets of the log; -1 behind the last."""
        if not wanted:
            return {}
        asked = [TopicPartition(*key, when) for key, when in wanted.items()]
        found = checked(self._consumer.offsets_for_times(asked, timeout=REQUEST_SECONDS))
        return {key: where.offset for key, where in found.items()}

    def _checked(self, offset: int, keys: Sequence[Key]) -> dict[Key, int]:
        begins, ends = self.begins(keys), self.ends(keys)
        for key in keys:
            if not begins[key] <= offset <= ends[key]:
                raise SetupError(
                    f"offset {offset} is not in the log of {key[0]}/{key[1]}, which goes from "
                    f"{begins[key]} to {ends[key]}"
                )
        return dict.fromkeys(keys, offset)


def patiently(ask: Callable[[], T]) -> T:
    """The answer, once the coordinator that has to give it has been found."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].name() not in _ON_THE_MOVE or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def checked(answers: Sequence[TopicPartition] | None) -> dict[Key, TopicPartition]:
    """Answers by partition; raises the first error among them as KafkaException."""
    found = {}
    for answer in answers or ():
        if answer.error is not None:
            raise KafkaException(answer.error)
        found[answer.topic, answer.partition] = answer
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _epoch_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SetupError(
            f"--to {text}: write `earliest`, `latest`, an offset, or a time with its zone such as "
            "`2026-11-20T10:00:00Z`"
        )
    milliseconds = round(moment.timestamp() * 1000)
    if milliseconds < 0:  # to Kafka a negative time is a name, such as -2 for the beginning
        raise SetupError(f"--to {text} is before 1970; write `earliest` for all there is")
    return milliseconds
