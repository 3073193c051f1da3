"""A topic filled by made-up visitors, and what must arrive at Yespo for it.

Each record becomes one legacy event that carries its partition, offset, person and number, and a v2
event too where the visitor is known. So the requests to expect follow from the records alone, and
nothing of the bridge takes part in judging it.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import Message, Producer

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.store import Received
from consumer.sandbox.visitors import Visitors, key_of

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "avro" / "shop_click.avsc").read_text())
START_MS = 1_763_700_000_000


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """One request to expect: of which record, and to which API."""

    partition: int
    offset: int
    api: str


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that nobody can decode, as it was produced."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass
class Topic:
    """What was produced. `persons` names the visitor of each (partition, offset)."""

    persons: dict[tuple[int, int], str] = field(default_factory=dict)
    expected: set[Request] = field(default_factory=set)
    poison: list[Poison] = field(default_factory=list)
    produced_ms: dict[tuple[int, int], int] = field(default_factory=dict)
    """The Kafka timestamp of each (partition, offset), made when it was handed to the producer."""

    def fill(
        self,
        bootstrap: str,
        topic: str,
        schema_id: int,
        count: int,
        seed: int = 1,
        *,
        rate: float = 0,
        until: Callable[[], bool] = lambda: False,
        poison_every: int = 0,
        visitor: str | None = None,
        known: int = 0,
    ) -> None:
        """Produce `count` records and wait for Kafka's acknowledgement of each.

        At most `rate` a second (0: no limit), and no more once `until` holds. Before each
        `poison_every`-th record goes one that cannot be decoded. All are of one anonymous `visitor`
        if that is given, or of so many `known` persons: then each has a long chain of events.
        """
        write = AvroWriter(SCHEMA, schema_id)
        producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "linger.ms": 20,
                "log_level": 3,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,  # else a broker's death writes records twice
            }
        )

        def acknowledged(known: bool, person: str) -> Any:
            def done(error: object, message: Message) -> None:
                assert error is None, error
                where = (message.partition() or 0, message.offset() or 0)
                self.expected.add(Request(*where, "legacy"))
                if known:
                    self.expected.add(Request(*where, "v2"))
                self.produced_ms[where] = message.timestamp()[1]
                self.persons[where] = person  # last: who finds it here finds all of it

            return done

        def send(value: bytes, key: str | bytes, headers: Any, done: Any) -> None:
            while True:
                try:
                    producer.produce(topic, value, key, headers=headers, on_delivery=done)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)

        began = time.monotonic()
        visitors = _of_few(Visitors(seed, lambda: START_MS).records(), known)
        for number, record in enumerate(
            islice((one for one in visitors if one["visitor_id"]), count)
        ):
            if until():
                break
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            if poison_every and number % poison_every == 0:
                made = _poison(len(self.poison))
                self.poison.append(made)
                send(made.value, made.key, list(made.headers), None)
            if visitor is not None:
                record["visitor_id"], record["user"] = visitor, None
            person = key_of(record)
            send(write(record), person, None, acknowledged(record["user"] is not None, person))
        assert producer.flush(60) == 0


def _of_few(records: Iterator[Any], known: int) -> Iterator[Any]:
    """The records as if so many known persons had made them in turn; 0 changes nothing."""
    if not known:
        yield from records
    crowd: list[tuple[Any, Any]] = []
    for record in records:
        if record["user"] is not None and record["visitor_id"] and len(crowd) < known:
            crowd.append((record["visitor_id"], record["user"]))
        if len(crowd) == known:
            crowd.append(crowd.pop(0))
            record["visitor_id"], record["user"] = crowd[0]
            yield record


def _poison(number: int) -> Poison:
    headers = (("origin", b"web"), ("origin", None), ("binary", b"\xff\x00"))
    return Poison(b"key-%d" % number, b"noise %d" % number, headers)


@dataclass
class Verdict:
    """What is wrong with what arrived."""

    lost: list[Request]
    repeated: int
    reordered: list[Request]
    unexpected: list[Request]
    violations: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.reordered or self.unexpected or self.violations)


def arrived(received: Iterable[Received]) -> list[Request]:
    """What was accepted, in order of arrival."""
    return [request_of(request) for request in received if request.taken]


def judge(topic: Topic, received: Iterable[Received]) -> Verdict:
    """Hold what arrived against what was produced: lost, repeated, out of order per person."""
    everything = list(received)
    order = arrived(everything)
    counts = Counter(order)
    newest: dict[tuple[int, str, str], int] = defaultdict(lambda: -1)
    seen: set[Request] = set()
    reordered: list[Request] = []
    for request in order:
        if request in seen or request not in topic.expected:
            continue
        seen.add(request)
        person = topic.persons[request.partition, request.offset]
        lane = (request.partition, request.api, person)
        if request.offset < newest[lane]:
            reordered.append(request)
        newest[lane] = max(newest[lane], request.offset)
    return Verdict(
        lost=sorted(topic.expected - seen),
        repeated=sum(count - 1 for count in counts.values()),
        reordered=reordered,
        unexpected=sorted(set(order) - topic.expected),
        violations=sum(len(request.violations) for request in everything),
    )


def request_of(received: Received) -> Request:
    """Which record, and which API, a request was made for."""
    body = json.loads(received.body)
    if received.api == "legacy":
        tags = body["CustomEvent"]["Tags"]
        return Request(int(tags["partition"][0]), int(tags["offset"][0]), "legacy")
    params = {param["name"]: param["value"] for param in body["params"]}
    return Request(int(params["partition"]), int(params["offset"]), "v2")
