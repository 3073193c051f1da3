"""Topics full of product views of the shipped schema, as the contenders read them.

One record of avro/fixtures/product_view.json is encoded once; per record only the number of the event
and what names the person (cookie, customer number, e-mail, phone) are replaced, each by as many bytes,
so that a million of them take seconds.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, Message, Producer
from fastavro import parse_schema

from consumer.mapping.workbench.json_form import JsonForm
from consumer.sandbox.broker import AvroWriter

ROOT = Path(__file__).parents[1]
SCHEMA_TEXT = (ROOT / "avro" / "shop_click.avsc").read_text()
SCHEMA: dict[str, Any] = json.loads(SCHEMA_TEXT)
NO_VISITOR = b"visitor-visitor-visitor-visitor-vis."
NO_EVENT = b"event-event-event-event-event-event."
NO_PERSON = b"9999999"
"""In the customer number and the e-mail; spread over the phone number as a person types it."""
NO_PHONE = b"067 999-99-99"


@dataclass(frozen=True, slots=True)
class Shape:
    """How the records of a topic are spread."""

    records: int
    partitions: int = 6
    persons: int = 1000


@dataclass(frozen=True, slots=True)
class Scale:
    """What part of the records a run takes. Below 1 its figures are worth nothing; it shows that all
    works here."""

    factor: float = 1.0

    def __call__(self, records: int) -> int:
        return min(records, max(500, round(records * self.factor)))


class Records:
    """`value(number, person)`: one encoded record."""

    def __init__(self, schema_id: int, schema: dict[str, Any] = SCHEMA) -> None:
        """`schema`: that of the writer, one that the fixture fits as well."""
        fixture = json.loads((ROOT / "avro" / "fixtures" / "product_view.json").read_text())
        record = JsonForm(parse_schema(SCHEMA, _write_hint=False)).decoded(fixture)
        record["visitor_id"], record["event_id"] = NO_VISITOR.decode(), NO_EVENT.decode()
        record["user"] |= {
            "id": f"C-{NO_PERSON.decode()}",
            "email": f"olena.{NO_PERSON.decode()}@example.ua",
            "phone": NO_PHONE.decode(),
        }
        record["page"]["url"] += "?utm_source=newsletter&utm_campaign=autumn-cups-and-saucers-2026"
        self._template = AvroWriter(schema, schema_id)(record)
        self.size = len(self._template)

    def value(self, number: int, person: int) -> bytes:
        digits = b"%07d" % person
        return (
            self._template.replace(NO_VISITOR, visitor(person))
            .replace(NO_EVENT, b"%036d" % number)
            .replace(NO_PHONE, b"067 %b-%b-%b" % (digits[:3], digits[3:5], digits[5:]))
            .replace(NO_PERSON, digits)
        )


def visitor(person: int) -> bytes:
    return b"3f1c9a52-7b7e-4c0e-9d1f-%012d" % person


def fill(
    bootstrap: str, topic: str, schema_id: int, shape: Shape, *, rate: float = 0.0, linger: int = 20
) -> dict[int, int]:
    """Produce and wait until Kafka has all. At most `rate` records a second (0: no limit).

    Returns when Kafka appended each record, in epoch milliseconds by number, where a rate is kept.
    """
    records = Records(schema_id)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": linger,
            "compression.type": "none",
            "enable.idempotence": True,  # without it a batch that is tried again may be overtaken
            "queue.buffering.max.messages": 1_000_000,
            "queue.buffering.max.kbytes": 262_144,
        }
    )
    refused: list[KafkaError] = []

    appended: dict[int, int] = {}

    def acknowledged(error: KafkaError | None, message: Message, number: int = -1) -> None:
        if error is not None:
            refused.append(error)
        elif number >= 0:
            appended[number] = message.timestamp()[1]

    for number, person in _paced(shape, rate):
        while True:
            try:
                producer.produce(
                    topic,
                    records.value(number, person),
                    visitor(person),
                    person % shape.partitions,
                    on_delivery=partial(acknowledged, number=number) if rate else acknowledged,
                )
                break
            except BufferError:
                producer.poll(0.1)
        # An idempotent one keeps the first records until Kafka has given it its number.
        producer.poll(0) if number else producer.flush(120)
    if producer.flush(120) or refused:
        raise RuntimeError(f"{topic} was not filled: {refused[:1]}")
    return appended


def _paced(shape: Shape, rate: float) -> Iterator[tuple[int, int]]:
    began = time.monotonic()
    for number in range(shape.records):
        if number == 1:
            began = time.monotonic()  # behind the first one, which has the producer to itself
        if number and rate:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        yield number, number % shape.persons
