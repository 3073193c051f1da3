"""Partitions that leave: what was never started is given back, what was started is finished."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import given

from consumer.model import Ended, Event, Flight, Outcome
from tests.delivery.bench import Bench
from tests.delivery.makers import LEGACY, V2, a_flight, a_partition, an_event


@dataclass
class Leaving(Bench):
    """Records of one partition; a record is a number, its events are `number-api`."""

    flights: dict[int, Flight] = field(default_factory=dict)
    left: dict[str, Outcome] = field(default_factory=dict)

    def _event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        if event in flight.events:  # of a record that `record` made
            flight.events.remove(event)
        self.left[event.body.decode()] = outcome

    def record(self, number: int, person: str, apis: Sequence[str] = ("v2",)) -> None:
        flight = a_flight(self.here, number)
        endpoints = {"v2": V2, "legacy": LEGACY}
        flight.events = [
            an_event(f"{number}-{api}", person, endpoint=endpoints[api]) for api in apis
        ]
        flight.uncommitted_requests = len(flight.events)
        self.flights[number] = flight
        for event in list(flight.events):
            self.delivery.submit(event, flight)

    def give_back(self) -> list[int]:
        return sorted(flight.offset for flight in self.delivery.give_back([self.here]))

    @property
    def sent(self) -> list[str]:
        return [*self.pool.sent, *self.legacy.sent]

    def answer_all(self) -> None:
        """Until nothing is on the wire."""
        while self.pool.wire or self.legacy.wire:
            for pool in (self.pool, self.legacy):
                for name in list(pool.wire):
                    pool.answer(name, 200)


def test_a_chain_gives_back_what_waits_behind_the_event_in_flight() -> None:
    bench = Leaving()
    for number in range(5):
        bench.record(number, "anna")
    assert bench.sent == ["0-v2"]
    assert bench.give_back() == [1, 2, 3, 4]
    bench.answer_all()
    assert bench.sent == ["0-v2"]
    assert bench.delivery.waiting == 0


def test_what_has_no_slot_yet_is_given_back_too() -> None:
    bench = Leaving(limit=1)
    bench.record(0, "anna")
    bench.record(1, "borys")
    assert bench.give_back() == [1]
    bench.answer_all()
    assert bench.sent == ["0-v2"]


def test_a_record_sent_to_one_api_is_finished_at_the_other_with_all_that_stands_before() -> None:
    bench = Leaving()
    bench.record(0, "anna")
    bench.record(1, "anna")
    bench.record(2, "anna", ("legacy", "v2"))  # the tracker has it already
    bench.record(3, "anna")
    assert bench.sent == ["0-v2", "2-legacy"]
    assert bench.give_back() == [3]
    bench.answer_all()
    assert bench.pool.sent == ["0-v2", "1-v2", "2-v2"]


def test_other_partitions_keep_their_work() -> None:
    bench = Leaving(limit=1)
    bench.record(0, "anna")
    bench.submit("elsewhere", partition=a_partition(1))
    assert bench.give_back() == []
    bench.answer_all()
    assert bench.sent == ["0-v2", "elsewhere"]


def test_an_event_in_back_off_was_started() -> None:
    bench = Leaving()
    bench.record(0, "anna")
    bench.record(1, "anna")
    bench.pool.answer("0-v2", 500)
    assert bench.give_back() == [1]
    bench.clock.advance(60)
    bench.answer_all()
    assert bench.left["0-v2"].ended is Ended.DELIVERED


RECORD = st.tuples(
    st.sampled_from(["anna", "borys", "vira"]),
    st.sampled_from([("v2",), ("legacy",), ("legacy", "v2")]),
)


@given(
    records=st.lists(RECORD, min_size=1, max_size=25),
    limit=st.integers(1, 4),
    answers=st.lists(st.integers(0, 5), max_size=25),
)
def test_whatever_is_given_back_was_never_sent_and_the_rest_is_finished_in_order(
    records: list[tuple[str, tuple[str, ...]]], limit: int, answers: list[int]
) -> None:
    bench = Leaving(limit=limit)
    for number, (person, apis) in enumerate(records):
        bench.record(number, person, apis)
    for choice in answers:
        wire = [(pool, name) for pool in (bench.pool, bench.legacy) for name in pool.wire]
        if wire:
            pool, name = wire[choice % len(wire)]
            pool.answer(name, 200)
    given_back = set(bench.give_back())
    for name in bench.sent:
        assert int(name.partition("-")[0]) not in given_back
    bench.answer_all()
    for number, flight in bench.flights.items():
        assert bool(flight.events) is (number in given_back)
    for pool in (bench.pool, bench.legacy):
        for person in ("anna", "borys", "vira"):
            own = [int(n.partition("-")[0]) for n in pool.sent]
            own = [number for number in own if records[number][0] == person]
            assert own == sorted(own)
            # Given back is a tail: nothing that was sent stands behind it.
            if own:
                api = "v2" if pool is bench.pool else "legacy"
                skipped = [
                    number
                    for number in given_back
                    if records[number][0] == person and api in records[number][1]
                ]
                assert all(number > own[-1] for number in skipped)
    bench.delivery.abandon([bench.here])
    assert bench.delivery.waiting == 0


def a_place(bench: Leaving, number: int, state: tuple[str, ...]) -> None:
    flight = a_flight(bench.here, number)
    event = an_event(f"{number}-v2", "anna")
    event.state_of = state
    flight.events = [event]
    flight.uncommitted_requests = 1
    bench.flights[number] = flight
    bench.delivery.submit(event, flight)


def test_carts_that_share_a_place_are_given_back_together() -> None:
    bench = Leaving()
    bench.record(0, "anna")
    a_place(bench, 1, ("cart",))
    a_place(bench, 2, ("cart",))
    bench.record(3, "anna")
    assert bench.give_back() == [1, 2, 3]
    bench.answer_all()
    assert bench.sent == ["0-v2"]
    assert bench.delivery.waiting == 0
