"""Marks: records of ours in the dead-letter topic that say what people did with dead letters.

A mark is no dead letter. It has the header `yespo.dlq.mark` and a JSON value:

    {"kind": "discard", "by": "anna", "why": "test orders", "time": "...", "places": {"2": [[17, 19]]}}
    {"kind": "replay", "by": "anna", "time": "...", "group": "b.dlq-replay.1f2e", "selection": {...}}

Marks stand in partition 0, behind the letters they are about, and leave the topic after them.
"""

import getpass
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from consumer.config.settings import Settings
from consumer.credentials.kafka_login import KafkaLogin
from consumer.delivery.dead_letters.headers import PREFIX
from consumer.delivery.dead_letters.producer import producer_properties
from consumer.dlq.letter import Selection
from consumer.errors import KafkaSetupError
from consumer.model import Record

MARK = PREFIX + "mark"
PARTITION = 0
WRITE_SECONDS = 30.0
RANGES = 10_000
"""Ranges of offsets in one mark: about 200 kB."""

Ranges = Mapping[int, list[tuple[int, int]]]
"""First and last offset, both included, by partition."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Letters that are not to be replayed. `time` is ISO 8601."""

    by: str
    why: str
    time: str
    places: Ranges

    @property
    def letters(self) -> int:
        return sum(last - first + 1 for each in self.places.values() for first, last in each)


@dataclass(slots=True)
class Marks:
    """All marks of a topic, as `add` has met them."""

    discards: list[Discard] = field(default_factory=list)
    replays: dict[str, Selection] = field(default_factory=dict)
    """The selections of replays, by the consumer group that holds their position."""
    _discarded: dict[int, set[int]] = field(default_factory=dict)

    def add(self, record: Record) -> bool:
        """True if the record is a mark; one that cannot be read says nothing."""
        if all(name != MARK for name, _ in record.headers):
            return False
        try:
            self._read(json.loads(record.value or b""))
        except (ValueError, TypeError, KeyError, AttributeError):
            return True
        return True

    def discarded(self, partition: int, offset: int) -> bool:
        return offset in self._discarded.get(partition, ())

    def _read(self, mark: Any) -> None:
        if mark["kind"] == "replay":
            chosen = mark["selection"]
            since, until = (_moment(chosen[name]) for name in ("since", "until"))
            reasons, events = (frozenset(map(str, chosen[name])) for name in ("reasons", "events"))
            self.replays[str(mark["group"])] = Selection(reasons, events, since, until)
        elif mark["kind"] == "discard":
            places = {
                int(number): [(int(first), int(last)) for first, last in ranges]
                for number, ranges in mark["places"].items()
            }
            found = Discard(str(mark["by"]), str(mark["why"]), str(mark["time"]), places)
            self.discards.append(found)
            for number, ranges in places.items():
                for first, last in ranges:
                    self._discarded.setdefault(number, set()).update(range(first, last + 1))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def ranges_of(places: Iterable[tuple[int, int]]) -> Iterator[Ranges]:
    """Partitions and offsets as ranges, not more of them at once than one mark takes."""
    taken: dict[int, list[tuple[int, int]]] = {}
    count = 0
    for number, offset in sorted(set(places)):
        ranges = taken.setdefault(number, [])
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1] = (ranges[-1][0], offset)
            continue
        if count == RANGES:
            yield {number: each for number, each in taken.items() if each}
            taken, count = {number: []}, 0
            ranges = taken[number]
        ranges.append((offset, offset))
        count += 1
    if count:
        yield taken


def whoever_is_here() -> str:
    """The name of the user who runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return "unknown"


def discard(settings: Settings, places: Iterable[tuple[int, int]], by: str, why: str) -> None:
    """Mark letters as discarded. Blocks; raises KafkaException where Kafka refuses."""
    marks = [
        {"kind": "discard", "by": by, "why": why, "places": each} for each in ranges_of(places)
    ]
    _write(settings, marks)


def replayed(settings: Settings, group: str, selection: Selection) -> None:
    """Mark a replay of a selection as begun, so that its position can be understood later. Blocks."""
    chosen = {
        "reasons": sorted(selection.reasons),
        "events": sorted(selection.events),
        "since": selection.since.isoformat() if selection.since else None,
        "until": selection.until.isoformat() if selection.until else None,
    }
    mark = {"kind": "replay", "by": whoever_is_here(), "group": group, "selection": chosen}
    _write(settings, [mark])


def _write(settings: Settings, marks: list[dict[str, Any]]) -> None:
    own = settings.dead_letters
    producer = Producer(KafkaLogin(producer_properties(settings.kafka, own.kafka)).properties())
    refused: list[KafkaError] = []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for mark in marks:
        producer.produce(
            own.topic,
            value=json.dumps({**mark, "time": now}).encode(),
            partition=PARTITION,
            headers=[(MARK, str(mark["kind"]).encode())],
            on_delivery=lambda error, _: refused.append(error) if error is not None else None,
        )
    if producer.flush(WRITE_SECONDS):
        raise KafkaSetupError("Kafka did not take the mark: nothing is discarded, try again")
    if refused:
        raise KafkaException(refused[0])
