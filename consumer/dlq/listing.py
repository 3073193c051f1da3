"""Dead letters counted by what they have in common, with what became of them since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from consumer.dlq.letter import Letter, Selection, parts_of
from consumer.dlq.marks import Marks
from consumer.dlq.plain_json import iso
from consumer.dlq.reader import partition_and_offset

HOUR_MS = 3_600_000
MAX_REPLAYS = 3
"""A letter that has failed in so many replays is left out by the next ones (`--max-replays`)."""


class State(StrEnum):
    WAITING = "waiting"
    """Nobody has sent it again, or it has failed too often."""
    DELIVERED = "delivered"
    """A replay has passed it, and it has not failed since."""
    FAILED_AGAIN = "failed_again"
    """There is a later letter of the same record."""
    DISCARDED = "discarded"


class LetterKind(NamedTuple):
    """`event` is `account/api/name`, empty where records failed as a whole."""

    topic: str
    stage: str
    reason: str
    event: str


@dataclass(slots=True)
class LetterGroup:
    """Letters of one kind. Times are when they were written, in epoch milliseconds; `latest` is the
    place of the last one and `detail` its reason in words."""

    count: int = 0
    first_ms: int = -1
    last_ms: int = -1
    replayed: int = 0
    latest: str = ""
    detail: str = ""
    rule: str = ""
    """Of the latest letter; empty where the record failed as a whole."""
    states: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))


class _Seen(NamedTuple):
    origin: tuple[object, ...]
    replays: int
    passed: bool
    discarded: bool
    groups: tuple[LetterGroup, ...]


class Listing:
    """A letter with several failed events counts once for each kind of event.

    `positions` are the committed offsets of replays, by consumer group and partition.
    """

    def __init__(self, marks: Marks, positions: Mapping[str, Mapping[int, int]]) -> None:
        self.marks = marks
        self._positions = positions
        self.letters = 0
        self.foreign = 0
        """Records of the topic that are neither dead letters of ours nor marks."""
        self.groups: dict[LetterKind, LetterGroup] = {}
        self.hours: dict[int, int] = {}
        """Letters by the epoch milliseconds their hour begins at."""
        self._seen: list[_Seen] = []
        self._replays: dict[tuple[object, ...], int] = {}

    def add(self, letter: Letter) -> None:
        self.letters += 1
        hour = letter.written_ms - letter.written_ms % HOUR_MS
        self.hours[hour] = self.hours.get(hour, 0) + 1
        named = [parts_of(label) for label in letter.events]
        groups = []
        for event in dict.fromkeys(f"{each.endpoint}/{each.event}" for each in named) or [""]:
            kind = LetterKind(letter.record.partition.topic, letter.stage, letter.reason, event)
            group = self.groups.setdefault(kind, LetterGroup(first_ms=letter.written_ms))
            group.count += 1
            group.first_ms = min(group.first_ms, letter.written_ms)
            if letter.written_ms >= group.last_ms:
                group.last_ms, group.latest = letter.written_ms, letter.place
                group.detail = letter.detail
                group.rule = named[0].rule if named else ""
            group.replayed += letter.again.replays > 0
            groups.append(group)
        number, offset = map(int, partition_and_offset(letter.place))
        origin = letter.origin
        replays = letter.again.replays
        if replays > self._replays.get(origin, 0):
            self._replays[origin] = replays
        passed = replays < MAX_REPLAYS and self._passed(letter, number, offset)
        discarded = self.marks.discarded(number, offset)
        self._seen.append(_Seen(origin, replays, passed, discarded, tuple(groups)))

    def finish(self) -> None:
        """Decide what became of each letter, once all are there."""
        for group in self.groups.values():
            group.states = dict.fromkeys(State, 0)
        for seen in self._seen:
            for group in seen.groups:
                group.states[self._state(seen)] += 1

    def waiting(self) -> int:
        return sum(self._state(seen) is State.WAITING for seen in self._seen)

    def _state(self, seen: _Seen) -> State:
        if seen.discarded:
            return State.DISCARDED
        if self._replays.get(seen.origin, 0) > seen.replays:
            return State.FAILED_AGAIN
        return State.DELIVERED if seen.passed else State.WAITING

    def _passed(self, letter: Letter, number: int, offset: int) -> bool:
        """True if a replay that takes the letter has come further than it."""
        return any(
            offset < offsets.get(number, 0)
            and self.marks.replays.get(group, Selection()).takes(letter)
            for group, offsets in self._positions.items()
        )

    def sorted(self) -> list[tuple[LetterKind, LetterGroup]]:
        """The largest groups first."""
        return sorted(self.groups.items(), key=lambda item: (-item[1].count, item[0]))

    def document(self) -> dict[str, Any]:
        return {
            "letters": self.letters,
            "waiting": self.waiting(),
            "foreign": self.foreign,
            "groups": list(self._documents()),
            "hours": [{"from_ms": hour, "count": n} for hour, n in sorted(self.hours.items())],
            "discards": [
                {"by": each.by, "why": each.why, "time": each.time, "letters": each.letters}
                for each in self.marks.discards
            ],
        }

    def _documents(self) -> Iterator[dict[str, Any]]:
        for kind, group in self.sorted():
            yield {
                **kind._asdict(),
                "count": group.count,
                "first_ms": group.first_ms,
                "last_ms": group.last_ms,
                "first": iso(group.first_ms),
                "last": iso(group.last_ms),
                "replayed": group.replayed,
                "latest": group.latest,
                "detail": group.detail,
                "rule": group.rule,
                **{state.value: count for state, count in group.states.items()},
            }
