"""Past events over real sockets against the strict double of the vendor, with both clients."""

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Literal

import pytest

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import Delivery, pool_opener
from consumer.delivery.destination import Destination
from consumer.model import Event, Flight, Outcome
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.server import Sandbox
from consumer.telemetry.tallies import Tallies
from consumer.yespo.judge import judge
from tests.delivery.makers import PAST, V2, a_flight, a_partition, an_old_cart

CART = '[{"name":"externalCustomerId","value":"%s"},%s{"name":"products","value":"[]"}]'
STATE = '{"name":"recycleStateId","value":"7c5c0e44-7cd5-4a1c-a5c1-9bfd9a6f6f62"},'


def a_cart(name: str, *, whole: bool = True) -> Event:
    event = an_old_cart(name)
    params = CART % (name, STATE if whole else "")
    event.body = event.body.replace(b"[]", params.encode())
    return event


def key_of(yespo: Sandbox) -> Callable[[], str]:
    return lambda: yespo.api_key


@pytest.mark.parametrize("client", ["pool", "httpx"])
async def test_each_event_gets_its_own_result(client: Literal["pool", "httpx"]) -> None:
    clock = SystemClock(asyncio.get_running_loop())
    settings = DeliverySettings(client=client)
    ended: dict[str, Outcome] = {}
    complete = asyncio.Event()

    def event_ended(flight: Flight, event: Event, outcome: Outcome) -> None:
        ended[json.loads(event.body)["keyValue"]] = outcome
        if len(ended) == 302:
            complete.set()

    with Sandbox(
        judge, faults=FaultProfile(item_status={"gone": "EVENT_SEGMENTATION_DISABLED"})
    ) as yespo:
        delivery = Delivery(
            [
                Destination(V2, yespo.v2_url, key_of(yespo)),
                Destination(PAST, yespo.past_events_url, key_of(yespo)),
            ],
            settings,
            open_pool=pool_opener(settings, clock),
            ended=event_ended,
            may_send=lambda: True,
            clock=clock,
            tallies=Tallies(),
            rng=Random(3),
        )
        flight = a_flight(a_partition())
        for number in range(300):
            delivery.submit(a_cart(f"C-{number}"), flight)
        gone = a_cart("G-1")
        gone.body = gone.body.replace(b"cartUpdated", b"gone")
        delivery.submit(gone, flight)
        delivery.submit(a_cart("B-1", whole=False), flight)
        async with asyncio.timeout(20):
            await complete.wait()
        await delivery.close()
        requests = yespo.received
    failed = {name: o.failure.detail for name, o in ended.items() if o.failure is not None}
    assert failed.pop("B-1").startswith("answered 400")
    assert failed == {"G-1": "past_events: EVENT_SEGMENTATION_DISABLED"}
    taken = [item for request in requests for item in request.items if item.taken]
    assert len(taken) == 300
    assert {request.api for request in requests} == {"past_events"}
