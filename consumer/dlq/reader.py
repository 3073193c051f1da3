"""Reads dead letters without a group: all of them, those of a selection, or one by its place.

Also the record of a letter that was too large to carry it.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping

from consumer.config.settings import Settings
from consumer.dlq.letter import Letter, Selection, letter_of
from consumer.dlq.marks import PARTITION, Marks
from consumer.errors import KafkaSetupError, SetupError
from consumer.inspect.group_offsets import GroupReader
from consumer.inspect.topic_reader import Key, batches
from consumer.model import Record


def records(settings: Settings, selection: Selection) -> Iterator[Record]:
    """All of the dead-letter topic, as far as the selection's time allows."""
    begin = selection.since.isoformat() if selection.since is not None else "earliest"
    with GroupReader(settings.kafka, [settings.dead_letters.topic]) as reader:
        keys = reader.partitions()
        ends = {(move.topic, move.number): move.after for move in reader.plan("latest", keys)}
        starts = {(move.topic, move.number): move.after for move in reader.plan(begin, keys)}
    yield from _read(settings, starts, ends)


def _read(
    settings: Settings, starts: Mapping[Key, int], ends: Mapping[Key, int]
) -> Iterator[Record]:
    for batch in batches(settings.kafka, starts, ends, threading.Event()):
        yield from batch


def marks_of(settings: Settings) -> Marks:
    """All marks of the dead-letter topic. Reads the one partition that has them. Blocks."""
    key = (settings.dead_letters.topic, PARTITION)
    with GroupReader(settings.kafka, [key[0]]) as reader:
        reader.partitions()
        [begin], [end] = (reader.plan(where, [key]) for where in ("earliest", "latest"))
    marks = Marks()
    for record in _read(settings, {key: begin.after}, {key: end.after}):
        marks.add(record)
    return marks


def positions_of(settings: Settings, groups: Iterable[str]) -> dict[str, dict[int, int]]:
    """The committed offsets of replays, by group and partition. Blocks."""
    topic = settings.dead_letters.topic
    found = {}
    for group in groups:
        with GroupReader({**settings.kafka, "group.id": group}, [topic]) as reader:
            moves = reader.plan("earliest", reader.partitions())
        found[group] = {move.number: move.before for move in moves if move.before is not None}
    return found


def first(settings: Settings, selection: Selection, limit: int) -> list[Letter]:
    found: list[Letter] = []
    for record in records(settings, selection):
        letter = letter_of(record)
        if letter is not None and selection.takes(letter):
            found.append(letter)
            if len(found) == limit:
                break
    return found


def partition_and_offset(place: str) -> tuple[str, str]:
    """Partition and offset of `2@17` or `topic/2@17`. Raises ValueError for what is neither."""
    where, _, offset = place.rpartition("@")
    number = where.rpartition("/")[2]
    if not (number.isdecimal() and offset.isdecimal()):
        raise ValueError(f"{place}: write PARTITION@OFFSET of the dead-letter topic, e.g. 2@17")
    return number, offset


def letter_at(settings: Settings, place: str) -> Letter:
    """The dead letter at a place that `partition_and_offset` understands."""
    number, offset = partition_and_offset(place)
    key = (settings.dead_letters.topic, int(number))
    with GroupReader(settings.kafka, [settings.dead_letters.topic]) as reader:
        if key not in reader.partitions():
            raise SetupError(f"{place}: the dead-letter topic has no partition {number}")
        reader.plan(offset, [key])
        [end] = reader.plan("latest", [key])
    found = next(_read(settings, {key: int(offset)}, {key: end.after}), None)
    letter = letter_of(found) if found is not None and found.offset == int(offset) else None
    if letter is None:
        raise SetupError(f"{place}: there is no dead letter of this program at that offset")
    return letter


def original_of(settings: Settings, letter: Letter) -> Record | None:
    """The record of a letter that lacks it, read by its position; None where it is gone. Blocks.

    A record at that offset with another time is another record: the topic was made anew.
    """
    wanted = letter.record
    key = (wanted.partition.topic, wanted.partition.number)
    with GroupReader(settings.kafka, [f"^{re.escape(key[0])}$"]) as reader:
        try:
            keys = reader.partitions()
        except KafkaSetupError:  # no topic matches any more
            return None
        if key not in keys:
            return None
        [begin] = reader.plan("earliest", [key])
        [end] = reader.plan("latest", [key])
    if not begin.after <= wanted.offset < end.after:
        return None
    found = next(_read(settings, {key: wanted.offset}, {key: wanted.offset + 1}), None)
    if found is None or found.timestamp_ms != wanted.timestamp_ms:
        return None
    return found
