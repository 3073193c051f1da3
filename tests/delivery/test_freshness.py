"""Events that are too old when their turn comes, before every attempt."""

import pytest

from consumer.delivery.http.answer import Answer, Fault
from consumer.model import Ended, Failure, Outcome
from tests.delivery.bench import Bench
from tests.delivery.makers import V2, an_event

NOW = 1_763_700_000_000
REFUSED = Answer(0, Fault.CONNECT_REFUSED)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_event_is_sent_until_the_moment_it_is_too_old(bench: Bench) -> None:
    bench.take(an_event("fresh", expires_ms=NOW + 1))
    bench.take(an_event("old", expires_ms=NOW))
    bench.take(an_event("ageless", expires_ms=-1))
    assert bench.pool.sent == ["fresh", "ageless"]


def test_an_old_event_ends_expired_and_never_from_inside_submit(bench: Bench) -> None:
    bench.take(an_event("old", expires_ms=NOW - 1))
    assert bench.ended == []
    bench.clock.advance(0)
    assert bench.ended == [("old", Outcome(Ended.EXPIRED, 0))]
    assert bench.delivery.waiting == 0


def test_where_the_mapping_says_so_an_old_event_is_a_dead_letter(bench: Bench) -> None:
    bench.take(an_event("old", expires_ms=NOW, when_older="dead_letter"))
    bench.clock.advance(0)
    detail = "older than its `max_age` when its turn came"
    failure = Failure("delivery", "expired", detail, "main/v2/cartUpdated/cart/0")
    assert bench.outcome("old") == Outcome(Ended.DEAD_LETTERED, 0, failure=failure)
    assert bench.pool.sent == []


def test_the_age_is_looked_at_before_every_attempt(bench: Bench) -> None:
    bench.take(an_event("cart", expires_ms=NOW + 60_000))
    bench.pool.answer("cart", 503)
    bench.clock.advance(1)
    bench.pool.answer("cart", Answer(503, retry_after="120"))
    bench.clock.advance(119)
    assert bench.pool.sent == ["cart", "cart"]
    assert bench.ended == []
    bench.clock.advance(2)
    assert bench.pool.sent == ["cart", "cart"]
    assert bench.outcome("cart") == Outcome(Ended.EXPIRED, 2)


def test_what_may_have_arrived_before_it_grew_old_is_marked(bench: Bench) -> None:
    bench.take(an_event("cart", expires_ms=NOW + 60_000))
    bench.pool.answer("cart", Answer(0, Fault.RESET_BEFORE_ANSWER))
    bench.clock.advance(1)
    bench.pool.answer("cart", Answer(503, retry_after="120"))
    bench.clock.advance(121)
    assert bench.outcome("cart") == Outcome(Ended.EXPIRED, 2, ambiguous=True)


def test_the_successors_of_an_old_event_go_on_in_their_order(bench: Bench) -> None:
    bench.take(an_event("cart-1", "anna", expires_ms=NOW))
    bench.take(an_event("cart-2", "anna", expires_ms=NOW))
    bench.take(an_event("cart-3", "anna", expires_ms=NOW + 1))
    assert bench.pool.sent == []
    bench.clock.advance(0)
    bench.clock.advance(0)
    assert bench.names == ["cart-1", "cart-2"]
    assert bench.pool.sent == ["cart-3"]


def test_after_an_outage_old_events_cost_no_request_and_no_token() -> None:
    bench = Bench(rate=1.0, burst=10)
    for number in range(5):
        bench.submit(f"ageless-{number}")
    bench.pool.answer_all(REFUSED)
    for number in range(300):
        bench.take(an_event(f"old-{number}", expires_ms=NOW + 3_600_000))
    while bench.clock.now_ms() < NOW + 3_595_000:
        bench.clock.advance(5)
        bench.pool.answer_all(REFUSED)
    assert bench.ended == []
    bench.clock.advance(5)
    bench.pool.answer_all(REFUSED)
    sent = len(bench.pool.sent)
    bench.clock.advance(30)
    while bench.pool.wire:
        bench.pool.answer_all(200)
        bench.clock.advance(1)
    expired = [name for name, outcome in bench.ended if outcome.ended is Ended.EXPIRED]
    assert sorted(expired) == sorted(f"old-{number}" for number in range(300))
    assert sorted(bench.pool.sent[sent:]) == [f"ageless-{number}" for number in range(5)]


def test_old_events_of_a_partition_that_was_given_up_are_forgotten(bench: Bench) -> None:
    bench.take(an_event("old", expires_ms=NOW))
    bench.delivery.abandon([bench.here])
    bench.clock.advance(60)
    assert bench.ended == []
    assert bench.delivery.queues[V2].waiting == 0
