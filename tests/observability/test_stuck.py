"""`/status` names the events that hold the watermark of their partition, and why."""

import json
import time

import pytest

from consumer.app import App
from consumer.delivery.http.answer import Answer
from consumer.model import Event, Flight, Partition
from consumer.observability.stuck import Holders
from consumer.stages import Position
from tests.fakes import a_record
from tests.stage_doubles import LEGACY


def admitted(app: App, number: int, *events: Event) -> Partition:
    """A partition with one record on its way; the endpoint's socket is never opened."""
    partition = Partition("shop.clicks", number, 1)
    app._pipeline.assigned({partition: Position(7)})
    buffer = app._pipeline._buffers.get(partition)
    assert buffer is not None
    flight = Flight(a_record(7, partition=partition))
    flight.events = list(events)
    buffer.flights.add(flight)
    for event in events:
        app._delivery.submit(event, flight)
    return partition


def event(visitor: str) -> Event:
    return Event(LEGACY, "cartUpdated", "cart", 0, b"{}", (visitor,))


class NoPool:
    """Takes requests and answers none by itself."""

    def __init__(self) -> None:
        self.answers: list[object] = []

    def post(self, _body: bytes, _agent: str | None, done: object) -> "NoPool":
        self.answers.append(done)
        return self

    def abort(self) -> None: ...
    async def close(self) -> None: ...


@pytest.fixture
def pool(app: App, monkeypatch: pytest.MonkeyPatch) -> NoPool:
    pool, queue = NoPool(), app._delivery.queues[LEGACY]
    monkeypatch.setattr(queue, "_pool", pool)
    monkeypatch.setattr(queue, "_may_send", lambda: True)
    return pool


def stuck_after(app: App, seconds: float) -> list[dict[str, object]]:
    holders, parts = Holders(), app._observation._parts
    holders.look(parts.pipeline.held(), time.monotonic() - seconds)
    return holders.stuck(parts)


async def test_an_event_that_fails_again_and_again_is_named_with_its_attempts(
    app: App, pool: NoPool
) -> None:
    partition = admitted(app, 3, event("ann@shop.ua"))
    for _ in range(2):
        pool.answers.pop()(Answer(503))  # type: ignore[operator] # the queue's call-back
        app._delivery.queues[LEGACY]._waiting.recall()
        app._delivery.queues[LEGACY]._pump()
    pool.answers.pop()(Answer(503))  # type: ignore[operator] # likewise
    [found] = stuck_after(app, 30)
    assert found["position"] == "shop.clicks/3@7"
    assert found["event"] == "main/legacy/cartUpdated/cart/0"
    assert (found["attempts"], found["last_answer"]) == (3, "503")
    assert found["why"] == "in back-off"
    assert 0.0 <= float(str(found["next_try_seconds"])) <= 60.0
    assert "ann@" not in json.dumps(found)
    app._pipeline.lost([partition])


async def test_one_that_is_on_the_wire_and_one_behind_it_are_told_apart(
    app: App, pool: NoPool
) -> None:
    first = admitted(app, 0, event("visitor-1"), event("visitor-1"))
    found = stuck_after(app, 30)
    assert [one["why"] for one in found] == [
        "in flight",
        "waits for another event of the same person",
    ]
    assert len(pool.answers) == 1
    app._pipeline.lost([first])


async def test_what_moves_is_not_stuck(app: App, pool: NoPool) -> None:
    partition = admitted(app, 0, event("visitor-1"))
    assert stuck_after(app, 5) == []
    holders, parts = Holders(), app._observation._parts
    holders.look(parts.pipeline.held(), time.monotonic() - 60)
    held = parts.pipeline.held()
    moved = {where: each._replace(next_offset=8) for where, each in held.items()}
    holders.look(moved, time.monotonic() - 1)
    assert holders.stuck(parts) == []
    assert pool.answers
    app._pipeline.lost([partition])


async def test_a_partition_that_waits_for_a_schema_says_so(app: App) -> None:
    partition = Partition("shop.clicks", 0, 1)
    app._pipeline.assigned({partition: Position(5)})
    app._pipeline.received({partition: [a_record(5, partition=partition, value=b"\0\0\0\0\x07re")]})
    [found] = stuck_after(app, 30)
    assert (found["position"], found["why"]) == ("shop.clicks/0@5", "waits for its schema")
    app._pipeline.lost([partition])
    app._pipeline._schema_waits.cancel()
