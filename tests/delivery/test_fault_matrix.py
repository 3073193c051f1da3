"""Every fault of the list, through the whole stage and over real sockets, with both clients: the
event ends as documented, once, and is sent again only where that is right."""

import asyncio
from random import Random
from typing import Literal

import pytest

from consumer.clock import Clock, SystemClock
from consumer.config.settings import DeliverySettings, RetrySettings
from consumer.delivery.answer import Answer
from consumer.delivery.deliver import Delivery, OpenPool, pool_opener
from consumer.delivery.destination import Destination
from consumer.model import Ended, Event, Flight, Outcome
from consumer.telemetry.tallies import Tallies
from tests.delivery import fault_server as server
from tests.delivery.faults import ANSWERS, OK, TIMED, TIMED_BY_HTTPX
from tests.delivery.makers import V2, a_flight, a_partition, an_event

INVALID = {400, 409, 413}
"""The statuses of the list that are an event's own fault; what is neither these nor 2xx is tried
again, and the second time the server is well."""


async def send_one(
    act: server.Act, settings: DeliverySettings, open_pool: OpenPool, clock: Clock
) -> tuple[Outcome, int]:
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def event_ended(flight: Flight, event: Event, outcome: Outcome) -> None:
        ended.set_result(outcome)

    async with server.running(act, OK) as yespo:
        delivery = Delivery(
            [Destination(V2, yespo.url, lambda: "key")],
            settings,
            open_pool=open_pool,
            ended=event_ended,
            may_send=lambda: True,
            clock=clock,
            tallies=Tallies(),
            rng=Random(3),
        )
        delivery.submit(an_event("{}"), a_flight(a_partition()))
        async with asyncio.timeout(60):
            outcome = await ended
        await delivery.close()
        return outcome, len(yespo.requests)


def documented(answer: Answer) -> tuple[Ended, int]:
    if 200 <= answer.status < 300:
        return Ended.DELIVERED, 1
    if answer.status in INVALID:
        return Ended.DEAD_LETTERED, 1
    return Ended.DELIVERED, 2


@pytest.mark.parametrize("client", ["pool", "httpx"])
async def test_each_fault_ends_as_documented(client: Literal["pool", "httpx"]) -> None:
    cases = {
        name: (act, documented(expected))
        for name, act, expected, _ in ANSWERS
        if not expected.retry_after.isdigit()  # those wait for seconds: tested with a still clock
    }
    timed = TIMED if client == "pool" else TIMED_BY_HTTPX
    patient = DeliverySettings(client=client, retry=RetrySettings(initial=0.01))
    impatient = patient.model_copy(update={"response_timeout": 1.0, "total_timeout": 1.5})
    clock = SystemClock(asyncio.get_running_loop())
    slow, quick = [(each, pool_opener(each, clock), clock) for each in (patient, impatient)]
    outcomes = await asyncio.gather(
        *[send_one(act, *(quick if name in timed else slow)) for name, (act, _) in cases.items()]
    )
    found = {
        name: (outcome.ended, requests)
        for name, (outcome, requests) in zip(cases, outcomes, strict=True)
    }
    # A machine that stands still makes a short time-out pass once more than the vendor's fault.
    for name in timed:
        ended, requests = found.pop(name)
        assert ended is Ended.DELIVERED
        assert requests >= 2
    assert found == {name: expected for name, (_, expected) in cases.items() if name not in timed}
    assert len(cases) >= 35
