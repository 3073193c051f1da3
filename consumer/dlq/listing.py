"""Dead letters by what they have in common: the answer to "what is in there?"."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from consumer.dlq.letter import Letter, parts_of

HOUR_MS = 3_600_000


class Kind(NamedTuple):
    """`event` is `account/api/name`, empty where records failed as a whole."""

    topic: str
    stage: str
    reason: str
    event: str


@dataclass(slots=True)
class Group:
    """Letters of one kind. Times are when they were written, in epoch milliseconds; `latest` is the
    place of the last one."""

    count: int = 0
    first_ms: int = -1
    last_ms: int = -1
    replayed: int = 0
    latest: str = ""


class Listing:
    """A letter with several failed events counts once for each kind of event."""

    def __init__(self) -> None:
        self.letters = 0
        self.foreign = 0
        """Records of the topic that are no dead letters of ours."""
        self.groups: dict[Kind, Group] = {}
        self.hours: dict[int, int] = {}
        """Letters by the epoch milliseconds their hour begins at."""

    def add(self, letter: Letter) -> None:
        self.letters += 1
        hour = letter.written_ms - letter.written_ms % HOUR_MS
        self.hours[hour] = self.hours.get(hour, 0) + 1
        named = [parts_of(label) for label in letter.events]
        for event in dict.fromkeys(f"{each.endpoint}/{each.event}" for each in named) or [""]:
            kind = Kind(letter.record.partition.topic, letter.stage, letter.reason, event)
            group = self.groups.setdefault(kind, Group(first_ms=letter.written_ms))
            group.count += 1
            group.first_ms = min(group.first_ms, letter.written_ms)
            if letter.written_ms >= group.last_ms:
                group.last_ms, group.latest = letter.written_ms, letter.place
            group.replayed += letter.again.replays > 0

    def sorted(self) -> list[tuple[Kind, Group]]:
        """The largest groups first."""
        return sorted(self.groups.items(), key=lambda item: (-item[1].count, item[0]))

    def document(self) -> dict[str, Any]:
        return {
            "letters": self.letters,
            "foreign": self.foreign,
            "groups": [
                {
                    **kind._asdict(),
                    "count": group.count,
                    "first_ms": group.first_ms,
                    "last_ms": group.last_ms,
                    "replayed": group.replayed,
                    "latest": group.latest,
                }
                for kind, group in self.sorted()
            ],
            "hours": [{"from_ms": hour, "count": n} for hour, n in sorted(self.hours.items())],
        }
