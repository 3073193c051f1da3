"""Reads and moves a group's offsets, for `yespo-bridge offsets`."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription

from consumer.commit import completed_map
from consumer.errors import SetupError
from consumer.inspect.log_offsets import (
    PATIENCE_SECONDS,
    REQUEST_SECONDS,
    LogReader,
    checked,
    patiently,
)
from consumer.inspect.topic_reader import Key, batches
from consumer.model import TimestampType
from consumer.source import properties
from consumer.source.topic_ids import ask_topic_ids

log = structlog.get_logger()

READ_SECONDS = 5.0
"""For reading one record of each partition that lags: their timestamps are the lag in seconds."""


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
    member: str | None
    """The member that holds it, as `Member.name`; None without one."""

    @property
    def lag(self) -> int | None:
        """Offsets from the committed one to the end."""
        return None if self.committed is None else max(0, self.end - self.committed)

    @property
    def ended_count(self) -> int:
        return sum(last - first + 1 for first, last in self.ended_above)


class Member(NamedTuple):
    """One process of the group, with the partitions that are assigned to it."""

    client_id: str
    host: str
    partitions: tuple[Key, ...]

    @property
    def name(self) -> str:
        return f"{self.client_id} at {self.host}"


@dataclass(frozen=True, slots=True)
class GroupOffsets:
    """`state` is Kafka's word (`stable`, `empty`, ...; `none` where it knows no such group)."""

    group: str
    state: str
    members: Sequence[Member]
    partitions: Sequence[PartitionOffsets]


class Move(NamedTuple):
    """One partition's change; `before` is None where nothing was committed."""

    topic: str
    number: int
    before: int | None
    after: int


class GroupReader(LogReader):
    """The offsets of the configured group in `topics` (names, or patterns that begin with `^`).

    A context manager. Blocks; raises KafkaSetupError for a topic that does not exist, KafkaException
    where Kafka refuses or does not answer.
    """

    def __init__(
        self,
        kafka: Mapping[str, properties.Value],
        topics: Sequence[str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(kafka, topics)
        self.group = str(kafka["group.id"])
        self._kafka = kafka
        self._now = now

    # ---- reading -----------------------------------------------------------------------------

    def read(self) -> GroupOffsets:
        """Group and partitions as they are now."""
        keys = self.partitions()
        state, members = self._membership()
        holders = {key: member.name for member in members for key in member.partitions}
        committed = self.committed(keys)
        begins, ends = self.begins(keys), self.ends(keys)
        times = self._times(
            {
                key: where.offset
                for key, where in committed.items()
                if begins[key] <= where.offset < ends[key]
            },
            ends,
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
            held = holders.get(key)
            found.append(
                PartitionOffsets(*key, begins[key], ends[key], offset, seconds, above, held)
            )
        return GroupOffsets(self.group, state, members, found)

    def committed(self, keys: Sequence[Key]) -> dict[Key, TopicPartition]:
        """The group's committed positions; partitions without one are left out."""
        asked = [TopicPartition(*key) for key in keys]
        found = patiently(lambda: checked(self._consumer.committed(asked, timeout=REQUEST_SECONDS)))
        return {key: where for key, where in found.items() if where.offset >= 0}

    # ---- moving ------------------------------------------------------------------------------

    def plan(self, target: str, keys: Sequence[Key]) -> list[Move]:
        """The changes that moving `keys` to `target` would make. `target` is as in `offsets`.

        Raises SetupError as `offsets` does.
        """
        before = self.committed(keys)
        after = self.offsets(target, keys)
        return [
            Move(*key, before[key].offset if key in before else None, after[key]) for key in keys
        ]

    def refuse_while_active(self) -> None:
        """Raises SetupError while the group has members: their next commit would undo the move."""
        state, members = self._membership()
        if members:
            raise SetupError(
                f"the group `{self.group}` is active ({state}, {len(members)} members: "
                f"{', '.join(member.name for member in members)}). Stop them first; a member that was "
                "killed counts until its session timeout is over"
            )

    def apply(self, moves: Sequence[Move]) -> None:
        """Commit the moves. Kafka itself refuses them if a member has joined meanwhile."""
        wanted = [TopicPartition(move.topic, move.number, move.after) for move in moves]
        patiently(lambda: checked(self._consumer.commit(offsets=wanted, asynchronous=False)))

    # ---- Kafka -------------------------------------------------------------------------------

    def _membership(self) -> tuple[str, list[Member]]:
        admin = AdminClient(self._connection)

        def described() -> ConsumerGroupDescription:
            asked = admin.describe_consumer_groups([self.group], request_timeout=PATIENCE_SECONDS)
            found: ConsumerGroupDescription = asked[self.group].result()
            return found

        try:
            answer = patiently(described)
        except KafkaException as error:
            if error.args[0].name() == "GROUP_ID_NOT_FOUND":
                return "none", []
            raise
        members = [
            Member(
                member.client_id,
                member.host.lstrip("/"),
                tuple((each.topic, each.partition) for each in member.assignment.topic_partitions),
            )
            for member in answer.members
        ]
        state = answer.state.name.lower()
        return "none" if state == "dead" else state, sorted(members)

    def _topic_ids(self, keys: Iterable[Key]) -> dict[str, str]:
        topics = {topic for topic, _ in keys}
        return ask_topic_ids(AdminClient(self._connection), topics) if topics else {}

    def _times(self, starts: Mapping[Key, int], ends: Mapping[Key, int]) -> dict[Key, float]:
        """Age in seconds of the first record at or behind each position, as far as it can be read
        within READ_SECONDS."""
        ages: dict[Key, float] = {}
        deadline = time.monotonic() + READ_SECONDS
        try:
            for batch in batches(self._kafka, starts, ends, threading.Event(), most_each=1):
                for record in batch:
                    if record.timestamp_type is not TimestampType.NONE:
                        key = record.partition.topic, record.partition.number
                        ages[key] = max(0.0, self._now() - record.timestamp_ms / 1000)
                if time.monotonic() > deadline:
                    break
        except KafkaException as error:
            log.debug("the age of records cannot be read", error=error.args[0].name())
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
