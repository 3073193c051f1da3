"""What each stage costs per event, with the least that anybody could do in its place beside it.

Microseconds of CPU of one thread, the best of several short rounds; one record of the shipped schema
that becomes one legacy event. A regression of `make bench` shows here in the stage that it is of.
"""

import asyncio
import io
import json
from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, cast

import fastavro
import orjson
import uvloop

from benchmarks.chain import bench_decoder, bench_mapping, bench_records
from benchmarks.mapping import by_hand, no_build
from benchmarks.metrics import metrics
from benchmarks.parts import SinkProcess
from benchmarks.stage import COUNT, LEGACY, Stage, best
from benchmarks.stage_ends import consume, send_floor, send_ours
from benchmarks.topics import SCHEMA
from consumer.clock import SystemClock
from consumer.commit.tracker import Tracker
from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import Delivery
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import Answer
from consumer.mapping.run.output import Plan
from consumer.model import Decoded, Event, Flight, Outcome, Partition, Record
from consumer.sandbox.broker import EmbeddedKafka
from consumer.stages import Position
from consumer.telemetry.tallies import Tallies
from consumer.yespo import catalogue
from consumer.yespo.spec import AccountContext, Identity

ROUNDS = 15


def decode(records: list[Record]) -> Stage:
    decoder = bench_decoder(bench_mapping(), Tallies())
    parsed = fastavro.parse_schema(SCHEMA)

    def ours() -> None:
        for record in records:
            decoder.decode(record)

    def floor() -> None:
        for record in records:
            stream = io.BytesIO(cast("bytes", record.value))
            stream.seek(5)
            fastavro.schemaless_reader(stream, parsed, None)

    return Stage("decode", ours, floor, "fastavro alone, all fields")


def map_(records: list[Record], decoded: list[Decoded]) -> Stage:
    unit = bench_mapping()
    for compiled in unit._compiled:  # noqa: SLF001  # there is no other way to leave it out
        for thing in compiled.function.__globals__.values():
            if isinstance(thing, Plan):
                setattr(thing, "build", no_build)  # noqa: B010  # a stub of another type
    hand = by_hand(no_build)

    def ours() -> None:
        for record, value in zip(records, decoded, strict=True):
            unit.map(record, value)

    def floor() -> None:
        for record, value in zip(records, decoded, strict=True):
            hand(record, value)

    return Stage("map", ours, floor, "a function written by hand for this mapping")


def build(decoded: list[Decoded], events: list[Event]) -> Stage:
    spec, context = catalogue.event("legacy", "ProductPage"), AccountContext("main", "8A412DC")
    assert spec is not None
    ready = [json.loads(event.body) for event in events]
    given = [(_identity(one.value), one.value, _values(one.value)) for one in decoded]

    def ours() -> None:
        for person, value, values in given:
            spec.build(context, person, value["event_time"], values, None)

    def floor() -> None:
        for document in ready:
            orjson.dumps(document)

    return Stage("validate, encode", ours, floor, "orjson alone")


def _identity(value: dict[str, Any]) -> Identity:
    user = value["user"]
    name = f"{user['first_name']} {user['last_name']}"
    return Identity(
        user["id"], user["email"], "380671234567", None, None, name, value["visitor_id"]
    )


def _values(value: dict[str, Any]) -> dict[str, Any]:
    product = value["product"]
    free = {"brand": product["brand"], "category": product["category"]}
    price = f"{product['price']} {product['currency']}"
    return {
        "Product": {"productKey": product["sku"], "price": price, "isInStock": True, "*": free},
        "Tags": {"*": {"platform": "web", "language": "uk", "event": value["event_id"]}},
    }


class _InstantPool:
    """Answers in the loop's next round; `answer` is called by the stage instead of a loop."""

    def __init__(self) -> None:
        self.waiting: deque[Callable[[Answer], None]] = deque()

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> "_InstantPool":
        del body, user_agent
        self.waiting.append(answered)
        return self

    def abort(self) -> None: ...

    not_connected = ""

    def authorize(self, authorization: str | None) -> None: ...

    async def close(self) -> None: ...


def end(loop: asyncio.AbstractEventLoop, records: list[Record], events: list[Event]) -> Stage:
    """From `submit` to `ended`: order per person, limits, breaker, budgets; without the wire."""
    pool, settings, answer = _InstantPool(), DeliverySettings(), Answer(200)
    delivery = Delivery(
        [Destination(LEGACY, "http://127.0.0.1/api")],
        settings,
        open_pool=lambda _: pool,
        ended=_ended,
        may_send=_yes,
        clock=SystemClock(loop),
        tallies=Tallies(),
        rng=Random(1),
    )
    flights = [Flight(record) for record in records]

    def ours() -> None:
        for event, flight in zip(events, flights, strict=True):
            delivery.submit(event, flight)
            if len(pool.waiting) >= settings.max_in_flight:
                pool.waiting.popleft()(answer)
        while pool.waiting:
            pool.waiting.popleft()(answer)

    def floor() -> None:
        last: dict[str, Event] = {}
        under_way: deque[Event] = deque()
        for event in events:
            for key in event.order_by:
                last[key] = event
            under_way.append(event)
            if len(under_way) >= settings.max_in_flight:
                done = under_way.popleft()
                for key in done.order_by:
                    if last.get(key) is done:
                        del last[key]

    return Stage("order, end", ours, floor, "a dict of the last event by key, a queue")


def _ended(_flight: Flight, _event: Event, _outcome: Outcome) -> None: ...


def _yes() -> bool:
    return True


def commit(records: list[Record]) -> Stage:
    def ours() -> None:
        tracker, under_way = Tracker(records[0].partition, Position(0)), deque[Flight]()
        for record in records:
            flight = Flight(record)
            flight.uncommitted_requests = 1
            tracker.admitted(flight)
            under_way.append(flight)
            if len(under_way) > 64:
                tracker.ended(under_way.popleft())
        tracker.take_position()

    def floor() -> None:
        under_way: deque[Record] = deque()
        for record in records:
            under_way.append(record)
            if len(under_way) > 64:
                _ = under_way.popleft().offset + 1

    return Stage("commit", ours, floor, "a queue of records that end in order")


def stages(loop: asyncio.AbstractEventLoop) -> Iterator[Stage]:
    partitions = [Partition("shop.clicks", number, 1) for number in range(6)]
    records = bench_records(COUNT, partitions)
    unit = bench_mapping()
    decoder = bench_decoder(unit, Tallies())
    decoded = [decoder.decode(record) for record in records]
    events = [unit.map(*one).events[0] for one in zip(records, decoded, strict=True)]
    with EmbeddedKafka() as kafka:
        yield consume("stages", kafka, records)
    yield decode(records)
    yield map_(records, decoded)
    yield build(decoded, events)
    yield end(loop, records, events)
    yield commit(records)
    yield metrics()


def run() -> list[str]:
    """A row per stage."""
    rows = [
        "| stage | µs/event | floor | what the floor does |",
        "|---|---|---|---|",
    ]

    def add(name: str, ours: float, floor: float, floor_is: str) -> None:
        rows.append(f"| {name} | {ours:.2f} | {floor:.2f} | {floor_is} |")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for stage in stages(runner.get_loop()):
            add(stage.name, best(stage.ours, ROUNDS), best(stage.floor, ROUNDS), stage.floor_is)
        sink = SinkProcess()
        unit = bench_mapping()
        [record] = bench_records(1, [Partition("shop.clicks", 0, 1)])
        event = unit.map(record, bench_decoder(unit, Tallies()).decode(record)).events[0]
        ours = runner.run(send_ours(sink, event, ROUNDS))
        floor = runner.run(send_floor(sink, event, ROUNDS))
        sink.close()
    add("send", ours, floor, "a bare protocol that repeats one request")
    return rows
