"""v2 events that are too old, told to Yespo as past events: batches, their results, their order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.past_events import item, read_statuses
from consumer.model import Ended, Event, Flight, Outcome, Partition
from consumer.yespo import catalogue
from consumer.yespo.spec import AccountContext, Identity
from tests.delivery.bench import Bench
from tests.delivery.makers import PAST, V2, a_partition, an_event, an_old_cart

NOW = 1_763_700_000_000


@dataclass
class PastBench(Bench):
    """Names of events are their keyValue."""

    done: dict[str, Outcome] = field(default_factory=dict)

    def _event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        name = json.loads(event.body)["keyValue"] if event.body[:1] == b"{" else event.body.decode()
        assert name not in self.done, "an event ends once"
        self.done[name] = outcome

    def old(self, *names: str, partition: Partition | None = None) -> None:
        """Old carts; `anna-1` and `anna-2` are of one person."""
        for name in names:
            self.take(an_old_cart(name, name.partition("-")[0]), partition)

    def batches(self) -> list[list[str]]:
        """What every request so far has held."""
        return [names_in(body) for body in self.past.sent]

    def answer(self, statuses: Mapping[str, str] | None = None, refusing: str = "") -> None:
        """Answer all requests under way: 200, with ACCEPTED for what `statuses` do not name; 400 to
        a request with the event `refusing`."""
        for body in list(self.past.wire):
            if refusing in names_in(body):
                self.past.answer(body, 400)
                continue
            results = [{"status": (statuses or {}).get(n, "ACCEPTED")} for n in names_in(body)]
            answer = {"results": results, "successCount": 0, "errorCount": 0}
            self.past.answer(body, Answer(200, body=json.dumps(answer).encode()))


def names_in(body: str) -> list[str]:
    return [event["keyValue"] for event in json.loads(body)["events"]]


@pytest.fixture
def bench() -> PastBench:
    return PastBench()


DELIVERED = Outcome(Ended.DELIVERED, 1)


def test_old_events_go_together_in_one_request_with_the_time_they_happened(
    bench: PastBench,
) -> None:
    bench.take(an_old_cart("anna", at_ms=1_763_600_000_000))
    bench.take(an_old_cart("boris", at_ms=1_763_600_059_999))
    bench.clock.advance(0.3)
    together = (
        '{"events":['
        '{"eventTypeKey":"cartUpdated","keyValue":"anna","params":[],'
        '"occurred":"2025-11-20T00:53"},'
        '{"eventTypeKey":"cartUpdated","keyValue":"boris","params":[],'
        '"occurred":"2025-11-20T00:54"}]}'
    )
    assert bench.past.sent == [together]
    assert bench.done == {}
    assert bench.delivery.waiting_for(PAST) == 0
    bench.answer()
    assert bench.done == {"anna": DELIVERED, "boris": DELIVERED}
    assert bench.pool.sent == []
    assert bench.delivery.waiting == 0


def test_what_waits_is_counted_by_events_wherever_it_waits(bench: PastBench) -> None:
    bench.old("anna", "boris", "clara")
    assert bench.delivery.waiting_for(PAST) == 0, "their queue lets go of them in the next round"
    bench.clock.advance(0.01)
    assert (bench.delivery.waiting_for(V2), bench.delivery.waiting_for(PAST)) == (0, 3)
    bench.may_send = False
    bench.clock.advance(0.3)
    assert bench.past.sent == []
    assert bench.delivery.waiting_for(PAST) == 3, "one batch, three events"
    bench.may_send = True
    bench.clock.advance(0.1)
    assert len(bench.past.sent) == 1
    assert bench.delivery.waiting_for(PAST) == 0
    bench.answer({"clara": "SERVER_ERROR"})
    assert bench.delivery.waiting_for(PAST) == 1


@pytest.mark.parametrize("name", ["cartUpdated", "searchRequest", "pageViewed"])
def test_an_item_is_what_the_vendors_contract_makes_of_the_same_event(name: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "cartUpdated": {"recycleStateId": "7c5c0e44-7cd5-4a1c-a5c1-9bfd9a6f6f62", "products": []},
        "searchRequest": {"search": "mug “blue”"},
        "pageViewed": {"page": {"location": "https://shop.ua/"}},
    }
    values = bodies[name]
    account, person = AccountContext("main"), Identity(external_customer_id="C-1")
    live, past = catalogue.event("v2", name), catalogue.event("past_events", name)
    assert live is not None
    assert past is not None
    body = live.build(account, person, 1_763_600_000_000, values).body
    event = Event(PAST, name, "", 0, body, ("C-1",), occurred_ms=1_763_600_000_000)
    assert item(event) == past.build(account, person, 1_763_600_000_000, values).body


def test_a_request_holds_five_hundred_events_at_most(bench: PastBench) -> None:
    bench.old(*(f"p{number}" for number in range(1001)))
    bench.clock.advance(0.3)
    assert [len(names) for names in bench.batches()] == [500, 500, 1]
    bench.answer()
    assert len(bench.done) == 1001


def test_a_request_stays_below_a_megabyte(bench: PastBench) -> None:
    for number in range(60):
        event = an_old_cart(f"p{number}")
        event.body = event.body.replace(b"[]", b'[{"name":"n","value":"%s"}]' % (b"x" * 19_500))
        bench.take(event)
    bench.clock.advance(0.3)
    assert [len(names) for names in bench.batches()] == [51, 9]
    assert all(len(body) < 1_010_000 for body in bench.past.sent)


def test_events_of_one_person_are_never_in_one_request_and_keep_their_order(
    bench: PastBench,
) -> None:
    bench.old("anna-1", "boris-1", "anna-2", "anna-3", "boris-2")
    bench.clock.advance(0.3)
    assert bench.batches() == [["anna-1", "boris-1"]]
    bench.clock.advance(10)
    assert len(bench.batches()) == 1
    for _ in range(2):
        bench.answer()
        bench.clock.advance(0.3)
    assert bench.batches()[1:] == [["anna-2", "boris-2"], ["anna-3"]]


def test_what_is_still_fresh_does_not_wait_for_the_past(bench: PastBench) -> None:
    bench.old("anna-1")
    bench.take(an_event("fresh", "anna"))
    bench.clock.advance(0.3)
    assert bench.pool.sent == ["fresh"]
    assert bench.batches() == [["anna-1"]]


def test_one_bad_item_does_not_condemn_the_others(bench: PastBench) -> None:
    bench.old("good", "old", "off", "odd")
    bench.clock.advance(0.3)
    bench.answer(
        {"old": "OCCURRED_TIME_TOO_DEPTH", "off": "EVENT_SEGMENTATION_DISABLED", "odd": "SURPRISE"}
    )
    assert bench.done["good"] == DELIVERED
    found = {name: outcome.failure for name, outcome in bench.done.items() if outcome.failure}
    assert {name: (failure.reason, failure.detail) for name, failure in found.items()} == {
        "old": ("rejected", "past_events: OCCURRED_TIME_TOO_DEPTH"),
        "off": ("rejected", "past_events: EVENT_SEGMENTATION_DISABLED"),
        "odd": ("rejected", "past_events: an unknown status"),
    }
    assert found["old"].event == "main/v2/cartUpdated/cart/0"


def test_an_item_that_the_server_failed_on_is_sent_again_before_its_successor(
    bench: PastBench,
) -> None:
    bench.old("anna-1", "boris-1", "anna-2")
    bench.clock.advance(0.3)
    bench.answer({"anna-1": "SERVER_ERROR"})
    assert bench.done == {"boris-1": DELIVERED}
    bench.clock.advance(2)
    assert bench.batches()[1:] == [["anna-1"]]
    bench.answer()
    bench.clock.advance(0.3)
    assert bench.batches()[2:] == [["anna-2"]]
    assert bench.done["anna-1"] == Outcome(Ended.DELIVERED, 2)


def test_an_item_that_the_server_keeps_failing_on_is_given_up_while_others_are_taken(
    bench: PastBench,
) -> None:
    bench.old("odd")
    for number in range(200):
        bench.old(f"other{number}")
        bench.clock.advance(31)
        bench.answer({"odd": "SERVER_ERROR"})
        if "odd" in bench.done:
            break
    failure = bench.done["odd"].failure
    assert failure is not None
    assert failure.reason == "exhausted"
    assert bench.done["odd"].attempts >= 10


def test_an_item_that_the_server_fails_on_while_it_takes_none_is_never_given_up(
    bench: PastBench,
) -> None:
    bench.old("cart")
    for _ in range(200):
        bench.clock.advance(31)
        bench.answer({"cart": "SERVER_ERROR"})
    assert bench.done == {}
    assert len(bench.batches()) > 100


def test_a_refused_request_is_halved_until_the_one_at_fault_is_found(bench: PastBench) -> None:
    names = [f"p{number}" for number in range(500)]
    bench.old(*names)
    bench.clock.advance(0.3)
    while bench.past.wire:
        bench.answer(refusing="p321")
    assert [name for name, outcome in bench.done.items() if outcome.failure] == ["p321"]
    assert set(bench.done) == set(names)
    assert len(bench.past.sent) <= 19


def test_an_outage_of_past_events_is_waited_out(bench: PastBench) -> None:
    bench.old("anna", "boris")
    for _ in range(100):
        bench.clock.advance(30)
        bench.past.answer_all(Answer(0, Fault.CONNECT_REFUSED))
    assert bench.done == {}
    bench.clock.advance(30)
    bench.answer()
    assert {outcome.ended for outcome in bench.done.values()} == {Ended.DELIVERED}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"results": 3}', b'{"results": [{"status": "ACCEPTED"}]}']
)
def test_without_readable_results_any_2xx_is_a_success(bench: PastBench, body: bytes) -> None:
    bench.old("anna", "boris")
    bench.clock.advance(0.3)
    bench.past.answer_all(Answer(200, body=body))
    assert bench.done == {"anna": DELIVERED, "boris": DELIVERED}


def test_a_partition_that_is_given_up_takes_its_events_along_and_no_others(
    bench: PastBench,
) -> None:
    other = a_partition(1)
    bench.old("sent-1", "sent-2")
    bench.old("kept-1", "kept-2", partition=other)
    bench.clock.advance(0.3)
    mine, kept = list(bench.past.wire)
    attempt = bench.past.wire[mine]
    bench.here.active = False
    bench.delivery.abandon([bench.here])
    assert attempt.aborted
    del bench.past.wire[mine]
    assert names_in(kept) == ["kept-1"]
    bench.answer()
    bench.clock.advance(0.3)
    bench.answer()
    assert list(bench.done) == ["kept-1", "kept-2"]
    assert bench.delivery.waiting == 0


def test_what_rests_after_a_server_error_is_forgotten_with_its_partition(
    bench: PastBench,
) -> None:
    bench.old("anna-1", "anna-2")
    bench.clock.advance(0.3)
    bench.answer({"anna-1": "SERVER_ERROR"})
    bench.delivery.abandon([bench.here])
    bench.clock.advance(60)
    assert len(bench.past.sent) == 1
    assert bench.delivery.waiting == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(results=st.lists(JSON | st.fixed_dictionaries({"status": JSON})))
def test_a_status_is_a_text_or_unknown_whatever_json_the_vendor_sends(results: list[Any]) -> None:
    statuses = (
        read_statuses(json.dumps({"results": results}, allow_nan=False).encode())
        if (_is_json(results))
        else []
    )
    assert statuses is not None
    assert all(status is None or isinstance(status, str) for status in statuses)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError):
        return False
    return True


@given(body=st.binary())
def test_no_body_of_an_answer_raises(body: bytes) -> None:
    read_statuses(body)


@pytest.mark.parametrize("status", [["ACCEPTED"], {"a": 1}, 7, None, True])
def test_a_status_that_is_no_text_costs_its_own_event(bench: PastBench, status: Any) -> None:
    bench.old("anna", "borys")
    bench.clock.advance(0.2)
    (body,) = bench.past.wire
    results = [{"status": status}, {"status": "ACCEPTED"}]
    bench.past.answer(body, Answer(200, body=json.dumps({"results": results}).encode()))
    assert bench.done["borys"].ended is Ended.DELIVERED
    refused = bench.done["anna"]
    assert refused.ended is Ended.DEAD_LETTERED
    assert refused.failure is not None
    assert refused.failure.detail == "past_events: an unknown status"
