"""Updates of products, several in a request: what is merged, what one bad product does, their order."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import Delivery, pool_opener
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import Answer, Fault
from consumer.model import Ended, Event, Failure, Flight, Outcome, Partition, WhenOlder
from consumer.sandbox.server import Sandbox
from consumer.telemetry.tallies import Tallies
from consumer.yespo.judge import judge
from tests.delivery.bench import Bench
from tests.delivery.makers import LEGACY, a_flight, a_partition, an_event

NOW = 1_763_700_000_000
HEAD = '{"GeneralInfo":{"eventName":"ProductUpdate","siteId":"8A412DC"},"ProductUpdate":['
LABEL = "main/legacy/ProductUpdate/catalogue/0"
DELIVERED = Outcome(Ended.DELIVERED, 1)


def an_update(
    *products: str, price: int = 1, expires_ms: int = -1, when_older: WhenOlder = "drop"
) -> Event:
    """An event that tells the price of these products."""
    items = ",".join(
        f'{{"product_id":"{product}","unit_price":"{price}","isInStock":"1"}}'
        for product in products
    )
    return Event(
        LEGACY,
        "ProductUpdate",
        "catalogue",
        0,
        f"{HEAD}{items}]}}".encode(),
        products,
        expires_ms=expires_ms,
        when_older=when_older,
    )


def products_in(body: str) -> list[str]:
    """What a request tells: `mug=1`."""
    items = json.loads(body)["ProductUpdate"]
    return [f"{item['product_id']}={item['unit_price']}" for item in items]


@dataclass
class Catalogue(Bench):
    """Products wait up to a second for others. Names of events are what they tell."""

    product_update_linger: float | None = 1.0
    done: dict[str, Outcome] = field(default_factory=dict)

    def _event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        name = event.body.decode()
        if event.name == "ProductUpdate":
            name = "+".join(products_in(name))
        assert name not in self.done, "an event ends once"
        self.done[name] = outcome

    def requests(self) -> list[list[str]]:
        return [products_in(body) for body in self.legacy.sent if body.startswith("{")]

    def answer(self, refusing: str = "", status: int = 200) -> None:
        """Answer all requests under way: 400 to one that holds the product `refusing`."""
        for body in list(self.legacy.wire):
            bad = refusing and any(p.startswith(refusing) for p in products_in(body))
            self.legacy.answer(body, 400 if bad else status)

    def settle(self, refusing: str = "") -> None:
        for _ in range(100):
            self.answer(refusing)
            self.clock.advance(1)
        assert not self.delivery.waiting + self.delivery.in_flight


@pytest.fixture
def shop() -> Catalogue:
    return Catalogue()


def test_updates_that_come_within_the_linger_go_in_one_request(shop: Catalogue) -> None:
    shop.take(an_update("mug"))
    shop.take(an_update("pot", "pan"))
    shop.clock.advance(0.9)
    assert shop.legacy.sent == []
    assert shop.delivery.waiting == 2
    shop.take(an_update("cup"))
    shop.clock.advance(0.1)
    assert shop.legacy.sent == [
        HEAD + '{"product_id":"mug","unit_price":"1","isInStock":"1"},'
        '{"product_id":"pot","unit_price":"1","isInStock":"1"},'
        '{"product_id":"pan","unit_price":"1","isInStock":"1"},'
        '{"product_id":"cup","unit_price":"1","isInStock":"1"}]}'
    ]
    shop.answer()
    assert shop.done == {"mug=1": DELIVERED, "pot=1+pan=1": DELIVERED, "cup=1": DELIVERED}
    assert (shop.delivery.waiting, shop.delivery.in_flight) == (0, 0)


def test_without_the_setting_each_goes_alone_and_at_once() -> None:
    shop = Catalogue(product_update_linger=None)
    shop.take(an_update("mug"))
    shop.take(an_update("pot"))
    assert shop.requests() == [["mug=1"], ["pot=1"]]


def test_other_events_of_the_tracker_do_not_wait(shop: Catalogue) -> None:
    shop.take(an_update("mug"))
    shop.take(an_event("page", endpoint=LEGACY))
    assert shop.legacy.sent == ["page"]
    shop.legacy.answer("page", 204)
    assert shop.done == {"page": DELIVERED}


def test_two_updates_of_one_product_never_share_a_request_and_keep_their_order(
    shop: Catalogue,
) -> None:
    shop.take(an_update("mug", price=1))
    shop.take(an_update("pot", price=1))
    shop.take(an_update("cup", "mug", price=2))
    shop.take(an_update("cup", price=3))
    shop.clock.advance(1)
    assert shop.requests() == [["mug=1", "pot=1"]]
    shop.clock.advance(5)
    assert len(shop.requests()) == 1
    shop.settle()
    assert shop.requests() == [["mug=1", "pot=1"], ["cup=2", "mug=2"], ["cup=3"]]


def test_one_bad_product_does_not_condemn_the_others(shop: Catalogue) -> None:
    names = [f"p{number}" for number in range(16)]
    for name in names:
        shop.take(an_update(name))
    shop.clock.advance(1)
    shop.settle(refusing="p11")
    failure = Failure("delivery", "rejected", "answered 400", LABEL)
    bad = shop.done.pop("p11=1")
    assert bad == Outcome(Ended.DEAD_LETTERED, 5, failure=failure)
    assert sorted(shop.done) == sorted(f"{name}=1" for name in names if name != "p11")
    assert {outcome.ended for outcome in shop.done.values()} == {Ended.DELIVERED}
    assert [len(request) for request in shop.requests()] == [16, 8, 8, 4, 4, 2, 2, 1, 1]


def test_what_follows_a_bad_product_waits_until_it_has_been_told_apart(shop: Catalogue) -> None:
    shop.take(an_update("mug", price=1))
    shop.take(an_update("bad", price=1))
    shop.take(an_update("mug", price=2))
    shop.clock.advance(1)
    shop.settle(refusing="bad")
    assert shop.requests() == [["mug=1", "bad=1"], ["mug=1"], ["bad=1"], ["mug=2"]]


def test_a_request_stays_within_the_limit_of_the_tracker(shop: Catalogue) -> None:
    for number in range(700):
        shop.take(an_update(f"p{number:03}"))
    shop.clock.advance(1)
    # Before and after the products 83 bytes, each of them 54 and a comma: 363 would be 20,047.
    assert [len(request) for request in shop.requests()] == [362, 338]
    assert len(shop.legacy.sent[0]) == 19_992


def test_events_of_two_partitions_do_not_mix(shop: Catalogue) -> None:
    there = a_partition(1)
    shop.take(an_update("mug"))
    shop.take(an_update("pot"), there)
    shop.clock.advance(1)
    assert shop.requests() == [["mug=1"], ["pot=1"]]


def test_what_was_given_up_is_forgotten_while_it_lingers_and_on_the_wire(shop: Catalogue) -> None:
    there = a_partition(1)
    shop.take(an_update("mug"), there)
    shop.clock.advance(1)
    shop.take(an_update("pot"), there)
    shop.take(an_update("cup"))
    shop.delivery.abandon([there])
    assert [attempt.aborted for attempt in shop.legacy.wire.values()] == [True]
    shop.legacy.wire.clear()
    shop.clock.advance(1)
    shop.settle()
    assert shop.done == {"cup=1": DELIVERED}


def test_a_failure_of_the_vendor_repeats_the_whole_request(shop: Catalogue) -> None:
    shop.take(an_update("mug"))
    shop.take(an_update("pot"))
    shop.clock.advance(1)
    (body,) = shop.legacy.wire
    shop.legacy.answer(body, Answer(0, Fault.RESPONSE_TIMEOUT))
    shop.clock.advance(1)
    shop.answer()
    assert shop.requests() == [["mug=1", "pot=1"]] * 2
    twice = Outcome(Ended.DELIVERED, 2, ambiguous=True)
    assert shop.done == {"mug=1": twice, "pot=1": twice}


def test_an_update_too_old_at_its_turn_leaves_the_others(shop: Catalogue) -> None:
    shop.take(an_update("mug", expires_ms=NOW + 500))
    shop.take(an_update("pot", expires_ms=NOW + 60_000))
    shop.take(an_update("pan", expires_ms=NOW + 500, when_older="dead_letter"))
    shop.take(an_update("cup"))
    shop.clock.advance(1)
    shop.settle()
    assert sorted(chain(*shop.requests())) == ["cup=1", "pot=1"]
    assert shop.done["mug=1"] == Outcome(Ended.EXPIRED, 0)
    detail = "older than its `max_age` when its turn came"
    failure = Failure("delivery", "expired", detail, LABEL)
    assert shop.done["pan=1"] == Outcome(Ended.DEAD_LETTERED, 0, failure=failure)
    assert shop.done["pot=1"].ended is shop.done["cup=1"].ended is Ended.DELIVERED


def test_a_text_that_looks_like_the_array_is_not_taken_for_it(shop: Catalogue) -> None:
    odd = '"ProductUpdate":['
    for product in ("mug", "pot"):
        event = an_update(product)
        item = {"product_id": product, "name": odd, "unit_price": "1", "isInStock": "1"}
        event.body = f"{HEAD}{json.dumps(item)}]}}".encode()
        shop.take(event)
    shop.clock.advance(1)
    (body,) = shop.legacy.sent
    told = json.loads(body)["ProductUpdate"]
    assert [(one["product_id"], one["name"]) for one in told] == [("mug", odd), ("pot", odd)]


@settings(max_examples=60, deadline=None)
@given(
    updates=st.lists(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True), max_size=25
    ),
    bad=st.sets(st.integers(0, 24), max_size=4),
    data=st.data(),
)
def test_whatever_is_merged_each_ends_once_and_products_keep_their_order(
    updates: Sequence[Sequence[str]], bad: set[int], data: st.DataObject
) -> None:
    shop = Catalogue()
    told: list[str] = []
    for price, products in enumerate(updates):
        event = an_update(*products, price=price)
        told.append("+".join(products_in(event.body.decode())))
        shop.take(event)
        if data.draw(st.booleans()):
            shop.clock.advance(data.draw(st.sampled_from([0.5, 1.0])))
        if data.draw(st.booleans()):
            refuse(shop, bad)
    for _ in range(200):
        refuse(shop, bad)
        shop.clock.advance(1)
    assert set(shop.done) == set(told)
    for price, name in enumerate(told):
        expected = Ended.DEAD_LETTERED if price in bad else Ended.DELIVERED
        assert shop.done[name].ended is expected
    accepted: dict[str, list[int]] = {}
    for name, outcome in shop.done.items():  # in the order of their ends
        for one in name.split("+") if outcome.ended is Ended.DELIVERED else ():
            product, _, price_text = one.partition("=")
            accepted.setdefault(product, []).append(int(price_text))
    assert all(prices == sorted(prices) for prices in accepted.values())
    for request in shop.requests():
        names = [one.partition("=")[0] for one in request]
        assert len(names) == len(set(names))


def refuse(shop: Catalogue, bad: set[int]) -> None:
    """Answer all that is on the wire; 400 to a request with one of the bad prices."""
    for body in list(shop.legacy.wire):
        prices = {int(one.partition("=")[2]) for one in products_in(body)}
        shop.legacy.answer(body, 400 if prices & bad else 200)


async def test_the_strict_double_of_the_vendor_takes_merged_updates() -> None:
    clock = SystemClock(asyncio.get_running_loop())
    settings = DeliverySettings(product_update_linger=0.1)
    ended: dict[str, Outcome] = {}
    complete = asyncio.Event()

    def event_ended(flight: Flight, event: Event, outcome: Outcome) -> None:
        ended[products_in(event.body.decode())[0]] = outcome
        if len(ended) == 200:
            complete.set()

    with Sandbox(judge) as yespo:
        delivery = Delivery(
            [Destination(LEGACY, yespo.legacy_url)],
            settings,
            open_pool=pool_opener(settings, clock),
            ended=event_ended,
            may_send=lambda: True,
            clock=clock,
            tallies=Tallies(),
            rng=Random(3),
        )
        flight = a_flight(Partition("shop.clicks", 0, 1))
        for number in range(200):
            delivery.submit(an_update(f"p{number}"), flight)
        async with asyncio.timeout(30):
            await complete.wait()
        await delivery.close()
        requests, violations = yespo.received, yespo.violations
    assert violations == []
    assert {outcome.ended for outcome in ended.values()} == {Ended.DELIVERED}
    assert sum(len(products_in(request.body.decode())) for request in requests) == 200
    assert len(requests) < 20
