"""The delivery stage over a scripted pool and a clock that stands still: order, retries, budgets,
and what stops a queue and sets it going again."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from consumer.config.settings import RetrySettings
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import Answer, Fault
from consumer.model import Ended, Failure, Outcome
from tests.delivery.bench import Bench
from tests.delivery.makers import (
    LEGACY,
    V2,
    a_flight,
    a_partition,
    an_event,
)

REFUSED = Answer(0, Fault.CONNECT_REFUSED)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- the good path


def test_a_delivered_event_ends_once(bench: Bench) -> None:
    bench.submit("a")
    assert bench.ended == []
    bench.pool.answer("a", 204)
    assert bench.ended == [("a", Outcome(Ended.DELIVERED, 1))]
    assert bench.tallies.counter("requests").get("main", "v2", "204") == 1


def test_events_of_one_person_go_one_after_the_other_and_others_at_once(bench: Bench) -> None:
    bench.submit("anna-1", "anna")
    bench.submit("anna-2", "anna")
    bench.submit("boris-1", "boris")
    assert bench.pool.sent == ["anna-1", "boris-1"]
    bench.pool.answer("anna-1", 200)
    assert bench.pool.sent == ["anna-1", "boris-1", "anna-2"]


def test_no_more_than_the_limit_is_on_the_wire_and_the_rest_keeps_its_order() -> None:
    bench = Bench(limit=2)
    for name in "abcd":
        bench.submit(name)
    assert (bench.pool.sent, bench.delivery.in_flight, bench.delivery.waiting) == (["a", "b"], 2, 2)
    bench.pool.answer("b", 200)
    bench.pool.answer("a", 200)
    assert bench.pool.sent == ["a", "b", "c", "d"]


def test_endpoints_do_not_wait_for_one_another(bench: Bench) -> None:
    bench.submit("cart", "anna")
    bench.delivery.submit(an_event("status", "anna", endpoint=LEGACY), a_flight(bench.here))
    assert bench.pool.sent == ["cart"]
    assert bench.legacy.sent == ["status"]


def test_the_visitors_user_agent_reaches_the_pool(bench: Bench) -> None:
    event = an_event("x", endpoint=LEGACY, user_agent="Mozilla/5.0")
    bench.delivery.submit(event, a_flight(bench.here))
    assert bench.legacy.wire["x"].user_agent == "Mozilla/5.0"


def test_the_key_goes_as_password_of_http_basic() -> None:
    # base64 of "user:key", by `printf user:key | base64`
    assert Destination(V2, "https://x/", lambda: "key").authorization() == "Basic dXNlcjprZXk="
    assert Destination(LEGACY, "https://x/").authorization() is None


# --- retries


def test_a_failed_event_comes_back_and_holds_no_slot_meanwhile() -> None:
    bench = Bench(limit=1)
    bench.submit("a")
    bench.submit("b")
    bench.pool.answer("a", 503)
    assert bench.pool.sent == ["a", "b"]
    bench.pool.answer("b", 200)
    bench.clock.advance(0.5)  # the bound of the first wait
    assert bench.pool.sent == ["a", "b", "a"]
    bench.pool.answer("a", 200)
    assert bench.outcome("a") == Outcome(Ended.DELIVERED, 2)
    assert bench.tallies.counter("retries").get("main", "v2", "transient") == 1


def test_the_successor_of_a_failed_event_waits_for_it(bench: Bench) -> None:
    bench.submit("1", "anna")
    bench.submit("2", "anna")
    bench.pool.answer("1", 500)
    bench.clock.advance(0.5)
    assert bench.pool.sent == ["1", "1"]
    bench.pool.answer("1", 400)
    assert bench.pool.sent == ["1", "1", "2"]


def test_a_failure_that_may_have_arrived_is_marked(bench: Bench) -> None:
    bench.submit("a")
    bench.pool.answer("a", Answer(0, Fault.RESPONSE_TIMEOUT))
    bench.clock.advance(0.5)
    bench.pool.answer("a", 200)
    assert bench.outcome("a") == Outcome(Ended.DELIVERED, 2, ambiguous=True)


def test_the_wait_a_server_asks_for_is_kept(bench: Bench) -> None:
    bench.submit("a")
    bench.pool.answer("a", Answer(503, None, "20"))
    bench.clock.advance(19.9)
    assert bench.pool.sent == ["a"]
    bench.clock.advance(0.2)
    assert bench.pool.sent == ["a", "a"]


def test_an_invalid_event_is_a_dead_letter_at_once(bench: Bench) -> None:
    bench.submit("a")
    bench.pool.answer("a", 422)
    failure = Failure("delivery", "rejected", "answered 422", "main/v2/cartUpdated/cart/0")
    assert bench.ended == [("a", Outcome(Ended.DEAD_LETTERED, 1, failure=failure))]


def test_an_event_that_fails_while_others_are_delivered_is_given_up() -> None:
    bench = Bench(retry=RetrySettings(attempts=3, age=60.0))
    bench.submit("odd")
    for number in range(20):
        bench.deliver(f"other-{number}")
        if "odd" in bench.pool.wire:
            bench.pool.answer("odd", 500)
        bench.clock.advance(10.0)
    outcome = bench.outcome("odd")
    assert outcome.ended is Ended.DEAD_LETTERED
    assert outcome.failure is not None
    assert outcome.failure.reason == "exhausted"
    assert outcome.failure.detail == (
        f"answered 500; {outcome.attempts} attempts, others were delivered"
    )
    assert bench.queue.state == "flowing"


# --- an outage


def test_an_outage_stops_the_lane_and_trials_go_one_at_a_time(bench: Bench) -> None:
    for number in range(20):
        bench.submit(str(number))
    with capture_logs() as logs:
        bench.pool.answer_all(REFUSED)
    assert bench.queue.state == "down"
    assert len(bench.pool.sent) == 8 + 4  # four failures let others start, the fifth stopped all
    assert bench.queue.last_error == "connect_refused"
    assert logs == [
        {
            "event": "delivery stopped",
            "log_level": "warning",
            "endpoint": "main/v2",
            "state": "down",
            "last_error": "connect_refused",
            "waiting": 13,
        }
    ]


def stop(bench: Bench, answer: Answer | int = REFUSED, count: int = 20) -> None:
    for number in range(count):
        bench.submit(str(number))
    while bench.pool.wire:
        bench.pool.answer_all(answer)


def test_trials_are_spaced_up_to_ten_seconds_apart_and_take_turns(bench: Bench) -> None:
    stop(bench)
    before = len(bench.pool.sent)
    times = []
    for _ in range(4000):
        bench.clock.advance(0.05)
        if bench.pool.wire:
            assert len(bench.pool.wire) == 1
            times.append(bench.clock.monotonic())
            bench.pool.answer_all(REFUSED)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert 0.7 <= gaps[0] <= 1.3
    assert max(gaps) <= 12.1
    assert min(gaps[5:]) >= 7.9
    probes = bench.pool.sent[before:]
    assert len(set(probes)) == min(len(probes), 20)
    assert bench.ended == []


def test_an_outage_of_a_day_costs_nobody_anything() -> None:
    bench = Bench(retry=RetrySettings(attempts=1, age=1.0))
    stop(bench)
    for _ in range(24 * 60):
        bench.clock.advance(60.0)
        bench.pool.answer_all(503)
    assert bench.ended == []
    bench.clock.advance(12.1)
    while bench.pool.wire:
        bench.pool.answer_all(200)
    assert sorted(bench.names, key=int) == [str(number) for number in range(20)]
    assert {outcome.ended for _, outcome in bench.ended} == {Ended.DELIVERED}


def test_a_trial_goes_to_an_event_that_was_never_tried_where_there_is_one(bench: Bench) -> None:
    stop(bench, count=8)
    bench.submit("fresh")
    bench.clock.advance(0.5)
    assert list(bench.pool.wire) == ["fresh"]


def test_after_the_first_success_all_goes_on_at_once(bench: Bench) -> None:
    stop(bench)
    bench.clock.advance(0.5)
    (probe,) = bench.pool.wire
    with capture_logs() as logs:
        bench.pool.answer(probe, 200)
    assert bench.queue.state == "flowing"
    assert bench.delivery.in_flight == 8
    assert logs == [
        {
            "event": "delivery resumed",
            "log_level": "info",
            "endpoint": "main/v2",
            "stopped_seconds": 0.5,
        }
    ]


def test_an_endpoint_that_keeps_failing_after_one_success_is_asked_less_and_less(
    bench: Bench,
) -> None:
    stop(bench)
    stops = []
    for _ in range(6):
        while not bench.pool.wire:
            bench.clock.advance(0.01)
        (probe,) = bench.pool.wire
        bench.pool.answer(probe, 200)
        for number in range(10):
            bench.submit(f"{probe}-{number}")
        while bench.pool.wire:
            bench.pool.answer_all(503)
        assert bench.queue.state == "down"
        stops.append(bench.clock.monotonic())
    gaps = [later - earlier for earlier, later in pairwise(stops)]
    for gap, expected in zip(gaps, [1.0, 2.0, 4.0, 8.0, 10.0], strict=True):
        assert expected * 0.8 <= gap <= expected * 1.2 + 0.02


def test_what_was_in_back_off_goes_on_with_the_lane(bench: Bench) -> None:
    bench.submit("early")
    for _ in range(4):  # well into long waits, alone: no outage yet
        bench.pool.answer("early", 500)
        bench.clock.advance(30.0)
    bench.pool.answer("early", 500)
    assert bench.queue.state == "flowing"
    stop(bench, 500, count=6)
    assert bench.queue.state == "down"
    bench.clock.advance(0.5)
    (probe,) = bench.pool.wire
    bench.pool.answer(probe, 200)
    assert "early" in bench.pool.wire


def test_one_event_that_fails_for_ever_stops_nobody(bench: Bench) -> None:
    bench.submit("odd")
    for _ in range(20):
        bench.pool.answer("odd", 500)
        bench.clock.advance(30.0)
    assert bench.queue.state == "flowing"
    bench.deliver("other")
    assert bench.names == ["other"]


def test_a_trial_that_is_judged_invalid_shows_that_the_endpoint_is_back(bench: Bench) -> None:
    stop(bench)
    bench.clock.advance(0.5)
    (probe,) = bench.pool.wire
    bench.pool.answer(probe, 400)
    assert bench.names == [probe]
    assert bench.queue.state == "flowing"


# --- a wrong configuration


def test_401_stops_at_once_without_a_dead_letter_and_a_new_key_sets_it_going(
    bench: Bench,
) -> None:
    bench.submit("a")
    for number in range(20):
        bench.submit(str(number))
    bench.pool.answer("a", 401)
    assert bench.queue.state == "misconfigured"
    sent = len(bench.pool.sent)
    bench.pool.answer_all(401)
    assert len(bench.pool.sent) == sent
    bench.clock.advance(0.5)
    bench.pool.answer_all(401)
    assert bench.pool.authorizations == ["Basic dXNlcjprZXk="]
    bench.secret = "new"
    bench.clock.advance(1.2)
    assert bench.pool.authorizations[-1] == "Basic dXNlcjpuZXc="  # printf user:new | base64
    while bench.pool.wire:
        bench.pool.answer_all(200)
    assert len(bench.ended) == 21
    assert {outcome.ended for _, outcome in bench.ended} == {Ended.DELIVERED}


def test_trials_of_a_misconfigured_endpoint_are_up_to_thirty_seconds_apart(bench: Bench) -> None:
    bench.submit("a")
    times = []
    for _ in range(6000):
        if bench.pool.wire:
            times.append(bench.clock.monotonic())
            bench.pool.answer_all(401)
        bench.clock.advance(0.05)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) <= 36.1
    assert min(gaps[-3:]) >= 23.9


def test_a_key_that_cannot_be_read_leaves_the_last_one(bench: Bench) -> None:
    bench.submit("a")
    bench.pool.answer("a", 401)

    def unreadable() -> str:
        raise FileNotFoundError("/run/secrets/key")

    bench.queue._authorization._read = unreadable
    with capture_logs() as logs:
        bench.clock.advance(0.5)
    assert bench.pool.authorizations == []
    assert list(bench.pool.wire) == ["a"]
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("secret not readable, keeping the last one", "FileNotFoundError")
    ]


def test_the_key_is_read_again_now_and_then(bench: Bench) -> None:
    bench.deliver("a")
    assert bench.pool.authorizations == []
    bench.secret = "new"
    bench.clock.advance(30.0)
    bench.deliver("b")
    assert bench.pool.authorizations == ["Basic dXNlcjpuZXc="]


@pytest.mark.parametrize("status", [301, 403, 404, 405])
def test_the_same_answer_to_another_event_means_the_configuration(
    bench: Bench, status: int
) -> None:
    bench.submit("first")
    bench.pool.answer("first", status)
    assert bench.queue.state == "suspect"
    bench.submit("second")
    bench.submit("third")
    assert list(bench.pool.wire) == ["second"]  # one witness at a time
    bench.pool.answer("second", status)
    assert bench.queue.state == "misconfigured"
    for _ in range(100):
        bench.clock.advance(30.0)
        bench.pool.answer_all(status)
    assert bench.ended == []
    bench.clock.advance(40.0)
    while bench.pool.wire:
        bench.pool.answer_all(200)
    assert sorted(bench.names) == ["first", "second", "third"]


def test_one_search_that_a_firewall_refuses_is_a_dead_letter_alone(bench: Bench) -> None:
    firewall = {"search ' OR 1=1"}
    names = [f"view-{number}" for number in range(200)]
    names.insert(50, "search ' OR 1=1")
    for name in names:
        bench.submit(name)
        for sent in list(bench.pool.wire):
            bench.pool.answer(sent, 403 if sent in firewall else 200)
    assert len(bench.ended) == 201
    dead = {name: o for name, o in bench.ended if o.ended is Ended.DEAD_LETTERED}
    assert list(dead) == ["search ' OR 1=1"]
    failure = dead["search ' OR 1=1"].failure
    assert failure is not None
    assert (failure.reason, failure.detail) == ("rejected", "answered 403; others were taken")


def test_a_passing_403_costs_no_event(bench: Bench) -> None:
    for number in range(8):
        bench.submit(str(number))
    bench.pool.answer_all(403)  # all that was under way, then the vendor is well again
    assert bench.queue.state == "suspect"
    for name in ("x", "y"):
        bench.submit(name)
    while bench.pool.wire:
        bench.pool.answer_all(200)
    assert len(bench.ended) == 10
    assert {outcome.ended for _, outcome in bench.ended} == {Ended.DELIVERED}


def test_an_accused_event_without_others_is_tried_again_itself(bench: Bench) -> None:
    bench.submit("only")
    bench.pool.answer("only", 404)
    assert bench.pool.wire == {}
    bench.clock.advance(0.5)
    bench.pool.answer("only", 404)
    assert bench.queue.state == "suspect"
    bench.clock.advance(1.2)
    bench.pool.answer("only", 200)
    assert bench.outcome("only") == Outcome(Ended.DELIVERED, 3)
    assert bench.queue.state == "flowing"


def test_two_odd_events_do_not_condemn_the_endpoint_for_ever(bench: Bench) -> None:
    odd = {"odd-1", "odd-2"}
    bench.submit("odd-1")
    bench.submit("odd-2")
    for number in range(400):
        if number % 10 == 0:
            bench.submit(f"view-{number}")
        for sent in list(bench.pool.wire):
            bench.pool.answer(sent, 403 if sent in odd else 200)
        bench.clock.advance(1.0)
    assert len(bench.ended) == 42
    assert {n for n, o in bench.ended if o.ended is Ended.DEAD_LETTERED} == odd


# --- too fast


def test_429_pauses_all_and_charges_nobody() -> None:
    bench = Bench(retry=RetrySettings(attempts=1, age=0.1))
    bench.deliver("before")
    for name in "abc":
        bench.submit(name)
    bench.pool.answer("a", Answer(429, None, "5"))
    bench.pool.answer("b", 200)
    bench.submit("d")
    assert bench.queue.state == "throttled"
    bench.clock.advance(4.9)
    assert list(bench.pool.wire) == ["c"]
    bench.clock.advance(0.2)
    assert sorted(bench.pool.wire) == ["a", "c"]  # one to see whether it goes again
    assert bench.queue.state == "flowing"
    bench.clock.advance(0.2)
    assert sorted(bench.pool.wire) == ["a", "c"]
    bench.pool.answer("a", 200)
    bench.clock.advance(0.2)
    assert sorted(bench.pool.wire) == ["c", "d"]
    bench.pool.answer_all(200)
    assert bench.outcome("a") == Outcome(Ended.DELIVERED, 2)


def test_what_was_under_way_before_a_pause_neither_lengthens_nor_forgets_it(bench: Bench) -> None:
    for name in "abc":
        bench.submit(name)
    bench.pool.answer("a", 429)
    rate = bench.queue.limiter.rate
    bench.clock.advance(0.5)  # the first pause is over when the others are answered
    bench.pool.answer("b", 429)
    bench.pool.answer("c", 200)
    assert bench.queue.state == "flowing"
    assert bench.queue.limiter.rate >= rate
    bench.pool.answer("a", 429)
    bench.clock.advance(0.49)
    assert bench.queue.state == "throttled"  # the second pause: 0.5 to 1 s


def test_429_without_a_time_pauses_longer_and_longer(bench: Bench) -> None:
    bench.submit("a")
    pauses = []
    for _ in range(8):
        bench.pool.answer("a", 429)
        began = bench.clock.monotonic()
        while not bench.pool.wire:
            bench.clock.advance(0.01)
        pauses.append(bench.clock.monotonic() - began)
    bounds = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    for pause, bound in zip(pauses, bounds, strict=True):
        assert bound / 2 <= pause <= bound + 0.02


def test_less_than_the_ceiling_is_not_held_up() -> None:
    bench = Bench(limit=64, rate=250.0, burst=50)
    for number in range(50):
        bench.submit(f"event-{number}")
    assert len(bench.pool.sent) == 50
    assert bench.queue.limiter.waited == 0


def test_behind_is_what_waits_for_the_rate_and_not_who_waits_for_another() -> None:
    bench = Bench(limit=64, rate=10.0, burst=5)
    assert bench.delivery.queued_seconds == 0.0
    for number in range(25):
        bench.submit(f"event-{number}")
        bench.submit(f"later-{number}", f"event-{number}")
    assert bench.delivery.queued_seconds == 2.0
    bench.clock.advance(1.0)
    assert bench.delivery.queued_seconds == 1.0


def test_behind_a_vendor_that_fills_all_slots_goes_by_what_it_took_in_the_last_second() -> None:
    bench = Bench(limit=8)
    for number in range(48):
        bench.submit(f"event-{number}")
    assert bench.delivery.queued_seconds == 40.0, (
        "nothing was taken yet: one a second, until we know"
    )
    bench.pool.answer_all(200)
    assert bench.delivery.queued_seconds == 32 / 8
    bench.clock.advance(0.5)
    bench.pool.answer_all(200)
    assert bench.delivery.queued_seconds == 24 / 16
    bench.clock.advance(0.6)
    bench.pool.answer_all(200)
    assert bench.delivery.queued_seconds == 16 / 16, "the first eight are longer ago than a second"
    bench.pool.answer_all(200)
    bench.pool.answer_all(200)
    assert bench.delivery.queued_seconds == 0.0


def test_what_waits_of_leaving_partitions_goes_before_all_else() -> None:
    bench = Bench(limit=1)
    bench.submit("first")
    leaving = a_partition(1)
    bench.submit("staying-1", "anna")
    bench.submit("leaving-1", "boris", partition=leaving)
    bench.submit("staying-2", "anna")
    bench.submit("leaving-2", "boris", partition=leaving)
    bench.submit("leaving-3", "clara", partition=leaving)
    bench.delivery.hurry([leaving])
    for _ in range(6):
        bench.pool.answer_all(200)
    assert bench.names[1:] == ["leaving-1", "leaving-2", "leaving-3", "staying-1", "staying-2"]


# --- no stale send


def test_nothing_starts_while_the_poll_loop_is_stuck(bench: Bench) -> None:
    bench.may_send = False
    bench.submit("a")
    bench.clock.advance(60.0)
    assert bench.pool.sent == []
    bench.may_send = True
    bench.clock.advance(0.05)
    assert bench.pool.sent == ["a"]


def test_nothing_starts_for_a_partition_that_was_given_up() -> None:
    bench = Bench(limit=1)
    bench.submit("a")
    elsewhere = a_partition(1)
    bench.submit("stale", partition=elsewhere)
    bench.submit("fine")
    elsewhere.active = False
    bench.pool.answer("a", 200)
    assert bench.pool.sent == ["a", "fine"]


def test_abandoned_work_is_aborted_forgotten_and_never_told() -> None:
    bench = Bench(limit=3)
    elsewhere = a_partition(1)
    bench.submit("on the wire", "anna", partition=elsewhere)
    bench.submit("behind it", "anna", partition=elsewhere)
    bench.submit("failed", partition=elsewhere)
    bench.submit("unresolved", partition=elsewhere)
    bench.pool.answer("failed", 500)
    bench.submit("kept", "anna")
    bench.submit("witness", partition=elsewhere)
    bench.submit("ready", partition=elsewhere)
    bench.pool.answer("unresolved", 403)
    attempts = [bench.pool.wire["on the wire"], bench.pool.wire["witness"]]
    elsewhere.active = False
    bench.delivery.abandon([elsewhere])
    assert [attempt.aborted for attempt in attempts] == [True, True]
    assert (bench.delivery.in_flight, bench.delivery.waiting) == (1, 0)
    bench.clock.advance(60.0)
    bench.pool.answer("kept", 200)
    assert bench.names == ["kept"]
    assert "behind it" not in bench.pool.sent
    assert "ready" not in bench.pool.sent


def test_abandoning_the_trial_lets_another_be_made(bench: Bench) -> None:
    elsewhere = a_partition(1)
    bench.submit("unresolved")
    bench.pool.answer("unresolved", 403)
    bench.submit("witness", partition=elsewhere)
    assert list(bench.pool.wire) == ["witness"]
    bench.delivery.abandon([elsewhere])
    bench.submit("other")
    assert bench.pool.sent[-1] == "other"


async def test_closing_closes_all_pools(bench: Bench) -> None:
    bench.submit("a")
    await bench.delivery.close()
    assert (bench.pool.closed, bench.legacy.closed) == (True, True)


# --- all together

ANSWERS = st.sampled_from(
    [Answer(200)] * 6
    + [Answer(400), Answer(403), Answer(401), Answer(429), Answer(429, None, "2"), Answer(500)]
    + [Answer(503, None, "3"), REFUSED, Answer(0, Fault.RESET_BEFORE_ANSWER)]
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_the_vendor_does_each_event_ends_once_and_in_order(data: st.DataObject) -> None:
    bench = Bench(limit=data.draw(st.integers(1, 4)))
    people = data.draw(
        st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=2), min_size=1, max_size=25)
    )
    events = {str(number): frozenset(values) for number, values in enumerate(people)}
    coming = list(events)
    while coming:
        step = data.draw(st.sampled_from(["submit", "submit", "answer", "wait"]))
        if step == "submit":
            name = coming.pop(0)
            bench.submit(name, *events[name])
        elif step == "wait":
            bench.clock.advance(data.draw(st.sampled_from([0.1, 1.0, 20.0])))
        elif bench.pool.wire:
            bench.pool.answer(
                data.draw(st.sampled_from(sorted(bench.pool.wire))), data.draw(ANSWERS)
            )
    for _ in range(400):  # the vendor is well again
        bench.pool.answer_all(200)
        bench.clock.advance(10.0)
    assert sorted(bench.names, key=int) == list(events)
    assert (bench.delivery.in_flight, bench.delivery.waiting) == (0, 0)
    assert not bench.pool.wire
    first_sent = {name: bench.pool.sent.index(name) for name in events}
    ended = {name: bench.names.index(name) for name in events}
    for earlier, later in combinations(events, 2):
        if events[earlier] & events[later]:
            assert first_sent[earlier] < first_sent[later]
            assert ended[earlier] < ended[later]
