"""Carts that a newer cart makes superfluous while they wait: what is sent, how each ends, and what
happens when the newer one fails."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consumer.config.settings import RetrySettings
from consumer.delivery.http.answer import Answer, Fault
from consumer.model import Ended, Event, Failure, Outcome, Partition
from tests.delivery.bench import Bench
from tests.delivery.makers import LEGACY, a_flight, a_partition, an_event, an_old_cart

NOW = 1_763_700_000_000
CART = ("cartUpdated",)
REFUSED = Answer(0, Fault.CONNECT_REFUSED)
DELIVERED = Outcome(Ended.DELIVERED, 1)
SUPERSEDED = Outcome(Ended.SUPERSEDED, 0)


@pytest.fixture
def bench() -> Bench:
    return Bench(limit=1)


def a_cart(name: str, *order_by: str, expires_ms: int = -1) -> Event:
    event = an_event(name, *order_by, expires_ms=expires_ms)
    event.state_of = CART
    return event


def busy(bench: Bench) -> None:
    """Take the only slot."""
    bench.submit("other")


def test_a_cart_that_waits_is_superseded_by_the_next_and_ends_with_it(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("cart-1", "anna"))
    bench.take(a_cart("cart-2", "anna"))
    bench.take(a_cart("cart-3", "anna"))
    assert bench.delivery.waiting == 3
    bench.pool.answer("other", 200)
    assert bench.pool.sent == ["other", "cart-3"]
    assert bench.names == ["other"]
    assert (bench.delivery.waiting, bench.delivery.in_flight) == (2, 1)
    bench.pool.answer("cart-3", 200)
    assert bench.ended[1:] == [
        ("cart-3", DELIVERED),
        ("cart-2", SUPERSEDED),
        ("cart-1", SUPERSEDED),
    ]
    assert (bench.delivery.waiting, bench.delivery.in_flight) == (0, 0)


def test_behind_a_cart_on_the_wire_only_the_newest_goes(bench: Bench) -> None:
    for number in range(5):
        bench.take(a_cart(f"cart-{number}", "anna"))
    bench.pool.answer("cart-0", 200)
    bench.pool.answer("cart-4", 200)
    assert bench.pool.sent == ["cart-0", "cart-4"]


def test_without_the_word_in_the_mapping_every_cart_is_sent(bench: Bench) -> None:
    for number in range(3):
        bench.submit(f"cart-{number}", "anna")
    for number in range(3):
        bench.pool.answer(f"cart-{number}", 200)
    assert bench.pool.sent == ["cart-0", "cart-1", "cart-2"]


@pytest.mark.parametrize("answer", [400, 422])
def test_when_the_newer_cart_is_refused_the_older_is_sent(bench: Bench, answer: int) -> None:
    busy(bench)
    for number in (1, 2, 3):
        bench.take(a_cart(f"cart-{number}", "anna"))
    bench.submit("purchase", "anna")
    bench.pool.answer("other", 200)
    bench.pool.answer("cart-3", answer)
    assert bench.names == ["other", "cart-3"]
    assert bench.pool.sent == ["other", "cart-3", "cart-2"]
    bench.pool.answer("cart-2", 200)
    bench.pool.answer("purchase", 200)
    assert bench.pool.sent == ["other", "cart-3", "cart-2", "purchase"]
    assert bench.outcome("cart-3").ended is Ended.DEAD_LETTERED
    assert bench.outcome("cart-2") == DELIVERED
    assert bench.outcome("cart-1") == SUPERSEDED


def test_what_comes_later_waits_for_the_cart_that_is_sent_after_all() -> None:
    bench = Bench(limit=2)
    bench.submit("anna-0", "anna")
    bench.take(a_cart("cart-1", "anna"))
    bench.take(a_cart("cart-2", "anna"))
    bench.pool.answer("anna-0", 200)
    bench.pool.answer("cart-2", 400)
    bench.submit("purchase", "anna")
    assert bench.pool.sent == ["anna-0", "cart-2", "cart-1"]
    bench.pool.answer("cart-1", 200)
    assert bench.pool.sent == ["anna-0", "cart-2", "cart-1", "purchase"]


def test_what_takes_the_place_of_a_failed_cart_starts_with_a_budget_of_its_own() -> None:
    bench = Bench(limit=1, retry=RetrySettings(attempts=1, age=0.001))
    busy(bench)
    bench.take(a_cart("cart-1", "anna"))
    bench.take(a_cart("cart-2", "anna"))
    bench.pool.answer("other", 200)
    bench.pool.answer("cart-2", REFUSED)
    bench.deliver("another")
    bench.clock.advance(0.6)
    bench.pool.answer("cart-2", REFUSED)
    detail = "no answer: connect_refused; 2 attempts, others were delivered"
    failure = Failure("delivery", "exhausted", detail, "main/v2/cartUpdated/cart/0")
    assert bench.outcome("cart-2") == Outcome(Ended.DEAD_LETTERED, 2, False, failure)
    bench.pool.answer("cart-1", 200)
    assert bench.outcome("cart-1") == DELIVERED


def test_a_cart_that_may_have_arrived_is_never_followed_by_an_older_one() -> None:
    bench = Bench(limit=1, retry=RetrySettings(attempts=1, age=0.001))
    busy(bench)
    bench.take(a_cart("cart-1", "anna"))
    bench.take(a_cart("cart-2", "anna"))
    bench.submit("purchase", "anna")
    bench.pool.answer("other", 200)
    bench.pool.answer("cart-2", Answer(0, Fault.RESPONSE_TIMEOUT))
    bench.deliver("another")
    bench.clock.advance(0.6)
    bench.pool.answer("cart-2", REFUSED)
    assert bench.outcome("cart-2").ended is Ended.DEAD_LETTERED
    assert bench.outcome("cart-2").ambiguous
    assert bench.outcome("cart-1") == SUPERSEDED
    bench.pool.answer("purchase", 200)
    assert bench.pool.sent[-1] == "purchase"
    assert "cart-1" not in bench.pool.sent
    assert bench.delivery.waiting == 0


def test_nothing_is_superseded_across_a_purchase(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("cart-1", "anna"))
    bench.submit("purchase", "anna")
    bench.take(a_cart("cart-2", "anna"))
    bench.take(a_cart("cart-3", "anna"))
    for name in ("other", "cart-1", "purchase", "cart-3"):
        bench.pool.answer(name, 200)
    assert bench.pool.sent == ["other", "cart-1", "purchase", "cart-3"]


def test_nor_across_an_event_that_shares_but_one_value(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("cart-1", "cookie", "mail"))
    bench.submit("purchase", "mail")
    bench.take(a_cart("cart-2", "cookie", "mail"))
    for name in ("other", "cart-1", "purchase", "cart-2"):
        bench.pool.answer(name, 200)
    assert bench.pool.sent == ["other", "cart-1", "purchase", "cart-2"]


def test_a_purchase_of_somebody_else_does_not_matter(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("cart-1", "anna"))
    bench.submit("purchase", "boris")
    bench.take(a_cart("cart-2", "anna"))
    bench.pool.answer("other", 200)
    bench.pool.answer("cart-2", 200)
    bench.pool.answer("purchase", 200)
    assert bench.pool.sent == ["other", "cart-2", "purchase"]


@pytest.mark.parametrize("other", [("cookie",), ("cookie", "mail", "phone"), ("mail", "cookie")])
def test_only_a_cart_with_the_very_same_values_takes_the_place(
    bench: Bench, other: tuple[str, ...]
) -> None:
    busy(bench)
    bench.take(a_cart("cart-1", "cookie", "mail"))
    bench.take(a_cart("cart-2", *other))
    for name in ("other", "cart-1", "cart-2"):
        bench.pool.answer(name, 200)
    assert bench.pool.sent == ["other", "cart-1", "cart-2"]


def test_carts_that_tell_of_different_things_do_not_supersede_one_another(bench: Bench) -> None:
    busy(bench)
    first, second = a_cart("cart-1", "region"), a_cart("cart-2", "region")
    first.state_of, second.state_of = ("cartUpdated", "anna"), ("cartUpdated", "boris")
    bench.take(first)
    bench.take(second)
    for name in ("other", "cart-1", "cart-2"):
        bench.pool.answer(name, 200)
    assert bench.pool.sent == ["other", "cart-1", "cart-2"]


def test_other_partitions_and_other_endpoints_do_not_matter(bench: Bench) -> None:
    busy(bench)
    there = a_partition(1)
    bench.take(a_cart("cart-1", "anna"))
    bench.take(a_cart("cart-2", "anna"), there)
    bench.delivery.submit(an_event("busy", endpoint=LEGACY), a_flight(bench.here))
    for name in ("status-1", "status-2"):
        status = an_event(name, "anna", endpoint=LEGACY)
        status.state_of = ("StatusCart",)
        bench.delivery.submit(status, a_flight(bench.here))
    for name in ("other", "cart-1", "cart-2"):
        bench.pool.answer(name, 200)
    bench.legacy.answer("busy", 200)
    bench.legacy.answer("status-2", 200)
    assert bench.pool.sent == ["other", "cart-1", "cart-2"]
    assert bench.legacy.sent == ["busy", "status-2"]


def test_a_cart_that_was_tried_is_never_superseded(bench: Bench) -> None:
    bench.take(a_cart("cart-1", "anna"))
    bench.pool.answer("cart-1", 503)
    bench.take(a_cart("cart-2", "anna"))
    bench.take(a_cart("cart-3", "anna"))
    bench.clock.advance(0.6)
    bench.pool.answer("cart-1", 200)
    bench.pool.answer("cart-3", 200)
    assert bench.pool.sent == ["cart-1", "cart-1", "cart-3"]


def test_after_an_outage_each_person_gets_the_newest_cart_alone() -> None:
    bench = Bench(limit=4)
    for number in range(5):
        bench.submit(f"ageless-{number}")
        bench.pool.answer(f"ageless-{number}", REFUSED)
    assert bench.queue.state == "down"
    for number in range(50):
        for person in ("anna", "boris"):
            bench.take(a_cart(f"{person}-{number}", person))
    sent = len(bench.pool.sent)
    while bench.delivery.waiting or bench.delivery.in_flight:
        bench.clock.advance(1)
        bench.pool.answer_all(200)
    carts = [name for name in bench.pool.sent[sent:] if not name.startswith("ageless")]
    assert sorted(carts) == ["anna-49", "boris-49"]
    ends = [outcome.ended for name, outcome in bench.ended]
    assert (ends.count(Ended.SUPERSEDED), ends.count(Ended.DELIVERED)) == (98, 7)


# --- age


def test_a_cart_too_old_at_its_turn_gives_way_to_the_one_before(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("fresh", "anna", expires_ms=NOW + 60_000))
    bench.take(a_cart("old", "anna", expires_ms=NOW))
    bench.pool.answer("other", 200)
    bench.clock.advance(0)
    assert bench.outcome("old") == Outcome(Ended.EXPIRED, 0)
    bench.pool.answer("fresh", 200)
    assert bench.outcome("fresh") == DELIVERED


def test_when_all_have_grown_too_old_each_ends_expired(bench: Bench) -> None:
    busy(bench)
    for number in (1, 2, 3):
        bench.take(a_cart(f"cart-{number}", "anna", expires_ms=NOW + number))
    bench.clock.advance(1)
    bench.pool.answer("other", 200)
    for _ in range(3):
        bench.clock.advance(0)
    assert bench.ended[1:] == [
        (f"cart-{number}", Outcome(Ended.EXPIRED, 0)) for number in (3, 2, 1)
    ]
    assert bench.pool.sent == ["other"]
    assert bench.delivery.waiting == 0


def test_a_cart_about_to_end_for_its_age_takes_no_fresh_one_with_it(bench: Bench) -> None:
    bench.take(a_cart("old", "anna", expires_ms=NOW))
    bench.take(a_cart("fresh", "anna", expires_ms=NOW + 60_000))
    bench.clock.advance(0)
    bench.pool.answer("fresh", 200)
    assert bench.ended == [("old", Outcome(Ended.EXPIRED, 0)), ("fresh", DELIVERED)]


def test_as_past_events_superseded_carts_are_told_too_each_in_its_turn() -> None:
    bench = Bench(limit=1)
    busy(bench)
    for name in ("a-1", "a-2", "a-3"):
        cart = an_old_cart(name, "anna", at_ms=NOW - 1000)
        cart.state_of = CART
        bench.take(cart)
    bench.clock.advance(3600)
    bench.pool.answer("other", 200)
    for _ in range(3):
        bench.clock.advance(0.3)
        bench.past.answer_all(Answer(200, body=b'{"results":[{"status":"ACCEPTED"}]}'))
    first, second, third = bench.past.sent
    assert '"a-1"' in first
    assert '"a-2"' in second
    assert '"a-3"' in third
    assert [outcome for _, outcome in bench.ended[1:]] == [DELIVERED] * 3
    assert bench.delivery.waiting == 0


def test_a_superseded_cart_without_a_time_is_no_past_event() -> None:
    bench = Bench(limit=1)
    busy(bench)
    for name, occurred_ms in (("a-1", -1), ("a-2", NOW - 1000)):
        cart = an_old_cart(name, "anna", at_ms=NOW - 1000)
        cart.occurred_ms, cart.state_of = occurred_ms, CART
        bench.take(cart)
    bench.clock.advance(3600)
    bench.pool.answer("other", 200)
    bench.clock.advance(0.3)
    bench.past.answer_all(Answer(200, body=b'{"results":[{"status":"ACCEPTED"}]}'))
    [body] = bench.past.sent
    assert '"a-2"' in body
    assert [outcome for _, outcome in bench.ended[1:]] == [Outcome(Ended.EXPIRED, 0), DELIVERED]
    assert bench.delivery.waiting == 0


# --- leaving


def test_superseded_carts_of_a_partition_given_up_are_forgotten_with_it(bench: Bench) -> None:
    there = a_partition(1)
    busy(bench)
    bench.take(a_cart("cart-1", "anna"), there)
    bench.take(a_cart("cart-2", "anna"), there)
    bench.take(a_cart("cart-3", "anna"))
    bench.take(a_cart("cart-4", "anna"))
    bench.delivery.abandon([there])
    assert bench.delivery.waiting == 2
    bench.pool.answer("other", 200)
    bench.pool.answer("cart-4", 200)
    assert bench.pool.sent == ["other", "cart-4"]
    assert bench.names == ["other", "cart-4", "cart-3"]
    assert bench.delivery.waiting == 0


def test_a_partition_given_up_in_mid_flight_restores_nothing(bench: Bench) -> None:
    busy(bench)
    bench.take(a_cart("old-1", "anna", expires_ms=NOW))
    bench.take(a_cart("old-2", "anna", expires_ms=NOW))
    bench.pool.answer("other", 200)
    bench.delivery.abandon([bench.here])
    bench.clock.advance(1)
    assert bench.names == ["other"]
    assert bench.delivery.waiting == 0


# --- whatever happens


@dataclass
class Told:
    """An event of the model: what was submitted, in order, and how it is to fare."""

    name: str
    person: str
    cart: bool
    refused: bool
    mortal: bool


@dataclass
class Model:
    """The rule, said plainly, over the events of one person in the order of submission."""

    told: list[Told] = field(default_factory=list)

    def runs(self) -> list[list[Told]]:
        """Adjacent carts, with nothing of that person in between."""
        found: list[list[Told]] = []
        apart = True
        for one in self.told:
            if not one.cart:
                apart = True
                continue
            if apart:
                found.append([])
            found[-1].append(one)
            apart = False
        return found


PEOPLE = ("anna", "boris", "cleo")


class Conflation(RuleBasedStateMachine):
    """Carts and purchases of some people, against an endpoint in all its moods."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(limit=2, retry=RetrySettings(attempts=10_000, age=1e9))
        self.models: dict[tuple[str, Partition], Model] = {}
        self.told: dict[str, Told] = {}
        self.given_up: set[str] = set()

    @rule(
        person=st.sampled_from(PEOPLE),
        cart=st.sampled_from([True, True, True, False]),
        refused=st.sampled_from([False, False, False, True]),
        seconds=st.sampled_from([None, None, None, 1, 30]),
    )
    def submit(self, person: str, *, cart: bool, refused: bool, seconds: int | None) -> None:
        name = f"{person}-{len(self.told)}"
        expires = -1 if seconds is None else self.bench.clock.now_ms() + seconds * 1000
        event = an_event(name, person, expires_ms=expires)
        event.state_of = CART if cart else None
        one = Told(name, person, cart, refused, seconds is not None)
        self.told[name] = one
        self.models.setdefault((person, self.bench.here), Model()).told.append(one)
        self.bench.take(event)

    def _answer(self, name: str, answer: Answer | int) -> None:
        one = self.told[name]
        one.refused = (
            one.refused or answer == 403
        )  # whom that was said of is found guilty or asked again
        if answer == 200 and one.refused:
            answer = 400
        self.bench.pool.answer(name, answer)

    @precondition(lambda self: self.bench.pool.wire)
    @rule(
        data=st.data(),
        answer=st.sampled_from([200, 200, 200, 503, 429, 403, REFUSED]),
    )
    def answer(self, data: st.DataObject, answer: Answer | int) -> None:
        self._answer(data.draw(st.sampled_from(sorted(self.bench.pool.wire))), answer)

    @rule(seconds=st.sampled_from([0, 0.3, 2, 40]))
    def time_passes(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule()
    def the_partition_goes_and_comes_back(self) -> None:
        self.given_up |= set(self.told) - set(self.bench.names)
        self.bench.here.active = False
        self.bench.delivery.abandon([self.bench.here])
        self.bench.pool.wire.clear()
        self.bench.here = Partition("shop.clicks", 0, self.bench.here.epoch + 1)

    @invariant()
    def nothing_is_lost_or_ends_twice(self) -> None:
        names = self.bench.names
        assert len(set(names)) == len(names)
        open_events = self.bench.delivery.waiting + self.bench.delivery.in_flight
        assert not self.given_up & set(names)
        assert len(names) + open_events + len(self.given_up) == len(self.told)

    def teardown(self) -> None:
        for _ in range(10_000):
            if not self.bench.delivery.waiting + self.bench.delivery.in_flight:
                break
            for name in list(self.bench.pool.wire):
                self._answer(name, 200)
            self.bench.clock.advance(1)
        ends = {name: outcome.ended for name, outcome in self.bench.ended}
        assert set(ends) == set(self.told) - self.given_up, "every event has ended"
        for model in self.models.values():
            model.told = [one for one in model.told if one.name in ends]
            names = [one.name for one in model.told]
            arrived = [name for name in self.bench.names if ends[name] is Ended.DELIVERED]
            assert [n for n in arrived if n in names] == [n for n in names if n in arrived]
            for run in model.runs():
                self._check_run(run, ends)
            for one in model.told:
                assert one.cart or ends[one.name] is not Ended.SUPERSEDED, "a purchase is sent"

    def _check_run(self, run: list[Told], ends: dict[str, Ended]) -> None:
        fared = [ends[one.name] for one in run]
        known = [end for end in fared if end in {Ended.DELIVERED, Ended.SUPERSEDED}]
        assert not known or known[-1] is Ended.DELIVERED, "the last one that can be is delivered"
        for one, end in zip(run, fared, strict=True):
            if not one.refused and not one.mortal:
                assert end in {Ended.DELIVERED, Ended.SUPERSEDED}, "no sound cart is lost"
            if end is Ended.DEAD_LETTERED:
                assert one.refused
            if end is Ended.EXPIRED:
                assert one.mortal


Conflation.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestConflation = Conflation.TestCase
