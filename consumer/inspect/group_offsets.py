"""Where a group stands, and moving it: what `yespo-bridge offsets` reads and writes.

All questions about offsets go through a `Consumer` that never joins: the AdminClient of librdkafka
2.16 crashes the process where a coordinator answers them with an error.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription

from consumer.commit import completed_map
from consumer.errors import KafkaSetupError, SetupError
from consumer.source import properties
from consumer.source.connect import missing_topics
from consumer.source.topic_ids import ask_topic_ids

T = TypeVar("T")
Key = tuple[str, int]
Value = properties.Value

REQUEST_SECONDS = 5.0
PATIENCE_SECONDS = 15.0
"""How long a coordinator may be on the move before that is an error."""

PAUSE_SECONDS = 0.2
READ_SECONDS = 5.0
"""For reading one record of each partition that lags: their timestamps are the lag in seconds."""

_OF_MEMBERS = ("group.protocol", "group.instance.id", "group.remote.assignor")
_ON_THE_MOVE = (
    *("NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE"),
    *("_WAIT_COORD", "NOT_LEADER_FOR_PARTITION"),
)
_AT_ENDS = {"earliest": OFFSET_BEGINNING, "latest": OFFSET_END}


class Range(NamedTuple):
    """Offsets, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """One partition. `committed` is None without a committed offset, and all that follows from it
    too. `begin` and `end` are of the log as a reader of our isolation level sees it."""

    topic: str
    number: int
    begin: int
    end: int
    committed: int | None
    lag_seconds: float | None
    """Age of the record at the committed offset; 0 without lag; None where it cannot be read."""
    ended_above: Sequence[Range]
    """Records above the committed offset that have ended all the same (commit metadata)."""

    @property
    def lag(self) -> int | None:
        """Offsets from the committed one to the end."""
        return None if self.committed is None else max(0, self.end - self.committed)

    @property
    def ended_count(self) -> int:
        return sum(last - first + 1 for first, last in self.ended_above)


@dataclass(frozen=True, slots=True)
class GroupOffsets:
    """`state` is Kafka's word (`stable`, `empty`, ...; `none` where it knows no such group),
    `members` are client ids with hosts."""

    group: str
    state: str
    members: Sequence[str]
    partitions: Sequence[PartitionOffsets]


class Move(NamedTuple):
    """One partition's change; `before` is None where nothing was committed."""

    topic: str
    number: int
    before: int | None
    after: int


class GroupReader:
    """The offsets of the configured group in `topics` (names, or patterns that begin with `^`).

    A context manager. Blocks; raises KafkaSetupError for what is not there, KafkaException for what
    Kafka refuses or does not answer.
    """

    def __init__(
        self,
        kafka: Mapping[str, Value],
        topics: Sequence[str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        own = {name: value for name, value in kafka.items() if name not in _OF_MEMBERS}
        self.group = str(kafka["group.id"])
        self._connection = {**properties.effective(own), "log_level": 0}
        self._topics = topics
        self._now = now
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

    # ---- reading -----------------------------------------------------------------------------

    def read(self) -> GroupOffsets:
        """Group and partitions as they are now."""
        keys = self.partitions()
        state, members = self._membership()
        committed = self._committed(keys)
        begins, ends = self._at(dict.fromkeys(keys, OFFSET_BEGINNING)), self._ends(keys)
        times = self._times(
            {
                key: where.offset
                for key, where in committed.items()
                if begins[key] <= where.offset < ends[key]
            }
        )
        ids = self._topic_ids(key for key, where in committed.items() if where.metadata)
        found = []
        for key in keys:
            where = committed.get(key)
            seconds: float | None = None
            above: Sequence[Range] = ()
            if where is not None:
                seconds = 0.0 if where.offset >= ends[key] else times.get(key)
                topic_id = ids.get(key[0], "")
                above = ranges(completed_map.decode(where.offset, topic_id, where.metadata or ""))
            offset = None if where is None else where.offset
            found.append(PartitionOffsets(*key, begins[key], ends[key], offset, seconds, above))
        return GroupOffsets(self.group, state, members, found)

    def partitions(self) -> list[Key]:
        """All partitions of the topics. Raises KafkaSetupError where a topic does not exist, or there
        is none at all that matches a pattern."""
        # All topics: asking for one by name may create it.
        cluster = self._consumer.list_topics(timeout=REQUEST_SECONDS).topics
        keys: dict[Key, None] = {}  # once each, though a name and a pattern may both say it
        for topic in self._topics:
            names = _matching(topic, cluster) if topic.startswith("^") else [topic]
            for name in names:
                if name not in cluster:
                    raise missing_topics([name])
                keys.update(((name, number), None) for number in sorted(cluster[name].partitions))
        if not keys:
            raise KafkaSetupError(f"no topic matches {_listed(self._topics)}")
        return list(keys)

    # ---- moving ------------------------------------------------------------------------------

    def plan(self, target: str, keys: Sequence[Key]) -> list[Move]:
        """What moving `keys` to `target` would change.

        `target` is `earliest`, `latest`, an ISO 8601 time with zone (the first record of that time
        or later; the end where there is none) or an offset. Raises SetupError for any other text and
        for an offset outside the log.
        """
        before = self._committed(keys)
        after = self._offsets(target, keys)
        return [
            Move(*key, before[key].offset if key in before else None, after[key]) for key in keys
        ]

    def refuse_while_active(self) -> None:
        """Raises SetupError while the group has members: their next commit would undo the move."""
        state, members = self._membership()
        if members:
            raise SetupError(
                f"the group `{self.group}` is active ({state}, {len(members)} members: "
                f"{', '.join(members)}). Stop them first; a member that was killed counts until its "
                "session timeout is over"
            )

    def apply(self, moves: Sequence[Move]) -> None:
        """Commit the moves. Kafka itself refuses them if somebody has joined meanwhile."""
        wanted = [TopicPartition(move.topic, move.number, move.after) for move in moves]
        _patiently(lambda: _check(self._consumer.commit(offsets=wanted, asynchronous=False)))

    # ---- Kafka -------------------------------------------------------------------------------

    def _membership(self) -> tuple[str, list[str]]:
        admin = AdminClient(self._connection)

        def described() -> ConsumerGroupDescription:
            asked = admin.describe_consumer_groups([self.group], request_timeout=PATIENCE_SECONDS)
            found: ConsumerGroupDescription = asked[self.group].result()
            return found

        try:
            answer = _patiently(described)
        except KafkaException as error:
            if error.args[0].name() == "GROUP_ID_NOT_FOUND":
                return "none", []
            raise
        members = [f"{member.client_id} at {member.host.lstrip('/')}" for member in answer.members]
        state = answer.state.name.lower()
        return "none" if state == "dead" else state, sorted(members)

    def _topic_ids(self, keys: Iterable[Key]) -> dict[str, str]:
        topics = {topic for topic, _ in keys}
        return ask_topic_ids(AdminClient(self._connection), topics) if topics else {}

    def _committed(self, keys: Sequence[Key]) -> dict[Key, TopicPartition]:
        asked = [TopicPartition(*key) for key in keys]
        found = _patiently(lambda: _check(self._consumer.committed(asked, timeout=REQUEST_SECONDS)))
        return {key: where for key, where in found.items() if where.offset >= 0}

    def _ends(self, keys: Iterable[Key]) -> dict[Key, int]:
        return self._at(dict.fromkeys(keys, OFFSET_END))

    def _at(self, wanted: Mapping[Key, int]) -> dict[Key, int]:
        """Offsets of times in epoch milliseconds, or of the ends of the log; -1 behind the last."""
        if not wanted:
            return {}
        asked = [TopicPartition(*key, when) for key, when in wanted.items()]
        found = _check(self._consumer.offsets_for_times(asked, timeout=REQUEST_SECONDS))
        return {key: where.offset for key, where in found.items()}

    def _offsets(self, target: str, keys: Sequence[Key]) -> dict[Key, int]:
        if target in _AT_ENDS:
            return self._at(dict.fromkeys(keys, _AT_ENDS[target]))
        if target.isdecimal():
            return self._checked(int(target), keys)
        ends = self._ends(keys)
        found = self._at(dict.fromkeys(keys, _epoch_ms(target)))
        return {key: offset if offset >= 0 else ends[key] for key, offset in found.items()}

    def _checked(self, offset: int, keys: Sequence[Key]) -> dict[Key, int]:
        begins, ends = self._at(dict.fromkeys(keys, OFFSET_BEGINNING)), self._ends(keys)
        for key in keys:
            if not begins[key] <= offset <= ends[key]:
                raise SetupError(
                    f"offset {offset} is not in the log of {key[0]}/{key[1]}, which goes from "
                    f"{begins[key]} to {ends[key]}"
                )
        return dict.fromkeys(keys, offset)

    def _times(self, positions: Mapping[Key, int]) -> dict[Key, float]:
        """Age in seconds of the first record at or behind each position, as far as it can be read
        within READ_SECONDS."""
        ages: dict[Key, float] = {}
        waiting = set(positions)
        self._consumer.assign([TopicPartition(*key, at) for key, at in positions.items()])
        deadline = time.monotonic() + READ_SECONDS
        while waiting and (left := deadline - time.monotonic()) > 0:
            message = self._consumer.poll(left)
            if message is None:
                break
            key = (str(message.topic()), message.partition() or 0)
            if key not in waiting:
                continue
            waiting.discard(key)
            self._consumer.pause([TopicPartition(*key)])
            kind, milliseconds = message.timestamp()
            if message.error() is None and kind != TIMESTAMP_NOT_AVAILABLE:
                ages[key] = max(0.0, self._now() - milliseconds / 1000)
        self._consumer.unassign()
        return ages


def ranges(offsets: Iterable[int]) -> list[Range]:
    """Runs of neighbouring offsets, ascending."""
    found: list[Range] = []
    for offset in sorted(offsets):
        if found and found[-1].last == offset - 1:
            found[-1] = Range(found[-1].first, offset)
        else:
            found.append(Range(offset, offset))
    return found


def _matching(pattern: str, topics: Iterable[str]) -> list[str]:
    """Topics of a subscription pattern, as librdkafka matches it: from the start of the name."""
    return sorted(name for name in topics if re.match(pattern, name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _patiently(ask: Callable[[], T]) -> T:
    """The answer, once whoever has to give it has been found."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].name() not in _ON_THE_MOVE or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _check(answers: Sequence[TopicPartition] | None) -> dict[Key, TopicPartition]:
    """By partition; raises the first error among them."""
    found = {}
    for answer in answers or ():
        if answer.error is not None:
            raise KafkaException(answer.error)
        found[answer.topic, answer.partition] = answer
    return found


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
