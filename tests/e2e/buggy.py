"""Bridges with a bug that quotes what it worked on, as exceptions do.

`python -m tests.e2e.buggy PLACE run --config ...` is the program with that bug.
"""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from consumer.cli import run
from consumer.cli.main import main
from consumer.decode.decoder import Decoder
from consumer.mapping.unit import MappingUnit
from consumer.model import Event, Flight, Outcome, Partition, Record
from consumer.observability.observation import Observation
from consumer.pipeline.pipeline import Pipeline
from consumer.source import member
from tests.chaos.broken import replace


class Quoting(Exception):
    """Its text holds whatever it was given, spelt out."""

    def __init__(self, *quoted: object) -> None:
        super().__init__(" ".join(_spelt(each) for each in quoted))


def _spelt(value: object) -> str:
    if isinstance(value, Record):
        return f"{value!r} {(value.value or b'').decode(errors='replace')}"
    return repr(value)


def mapping() -> None:
    def broken(unit: MappingUnit, record: Record, decoded: object) -> None:
        raise Quoting(record, decoded)

    replace(MappingUnit, "map", broken)


def decoding() -> None:
    def broken(decoder: Decoder, record: Record) -> None:
        raise Quoting(record)

    replace(Decoder, "decode", broken)


def arrivals() -> None:
    """In a call-back whose arguments are the records."""

    def broken(pipeline: Pipeline, batches: Mapping[Partition, list[Record]]) -> None:
        raise Quoting(*(record for records in batches.values() for record in records))

    replace(Pipeline, "received", broken)


def answers() -> None:
    """Behind an answer of Yespo, in a protocol of the event loop."""

    def broken(pipeline: Pipeline, flight: Flight, event: Event, outcome: Outcome) -> None:
        raise Quoting(flight.record, event)

    replace(Pipeline, "event_ended", broken)


def kafka_thread() -> None:
    def broken(messages: Sequence[Any], *_: object) -> None:
        raise Quoting(*(message.value().decode(errors="replace") for message in messages))

    replace(member, "by_partition", broken)


def pages() -> None:
    """In a thread of the admin server, and in one of nobody's. The process goes on."""
    received = Pipeline.received
    seen: list[Record] = []

    def remember(pipeline: Pipeline, batches: Mapping[Partition, list[Record]]) -> None:
        records = [record for batch in batches.values() for record in batch]
        if not seen:
            threading.Thread(target=broken, args=records).start()
        seen.extend(records)
        received(pipeline, batches)

    def broken(*records: object) -> None:
        raise Quoting(*records)

    replace(Pipeline, "received", remember)
    replace(Observation, "_describe", lambda observation: broken(*seen))


def main_thread() -> None:
    """What nobody catches; the text is the person's."""

    async def broken(setup: object) -> None:
        try:
            int(PERSON)
        except ValueError as error:
            raise Quoting(PERSON) from error

    replace(run, "_serve", broken)


PERSON = "solomiya.hoverla@privat-mail.example visitor-qx77-4412-perelesnyk +380671119988"

PLACES: dict[str, Callable[[], None]] = {
    place.__name__: place
    for place in (mapping, decoding, arrivals, answers, kafka_thread, pages, main_thread)
}

if __name__ == "__main__":
    PLACES[sys.argv.pop(1)]()
    main()
