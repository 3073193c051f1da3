"""Every record ends exactly once, in one way, and the ledgers say so at any moment."""

import asyncio
from collections.abc import Mapping
from random import Random

import pytest
from structlog.testing import capture_logs

from consumer.commit.committer import Committer
from consumer.config.settings import BreakerSettings
from consumer.errors import ConfigError, FatalError
from consumer.model import (
    Ended,
    Failure,
    Outcome,
    Partition,
)
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.pipeline import Pipeline, PipelineLimits
from consumer.stages import Position, Positions, Stages
from consumer.telemetry.tallies import Tallies
from tests.fakes import ManualClock, a_record
from tests.seams.foreign import FOREIGN
from tests.stage_doubles import (
    LEGACY,
    V2,
    FakeDeadLetters,
    FakeDecode,
    FakeDeliver,
    FakeMap,
    FakeSource,
)

"""Exceptions that foreign input was seen to raise in libraries, beside those they document."""

TOPIC = "AsASkzEsQoe25hzn351c9A"


class Harness:
    def __init__(self, unacknowledged: int = 100, gap: int = 1000, buffer: int = 10_000) -> None:
        self.clock = ManualClock()
        self.source, self.decode, self.deliver = FakeSource(), FakeDecode(), FakeDeliver()
        self.dead_letters, self.ledger, self.tallies = FakeDeadLetters(), Ledger(), Tallies()
        self.committer = Committer(
            send=self.source.commit,
            interval=1.0,
            threshold=1000,
            clock=self.clock,
            tallies=self.tallies,
        )
        self.stopped: list[Exception] = []
        self.breaker = DeadLetterBreaker(BreakerSettings())
        self.pipeline = Pipeline(
            Stages(
                self.source,
                self.decode,
                FakeMap(),
                self.deliver,
                self.dead_letters,
                self.committer,
            ),
            limits=PipelineLimits(unacknowledged, gap, buffer, 10**9, max_queued_seconds=2.5),
            breaker=self.breaker,
            ledger=self.ledger,
            tallies=self.tallies,
            clock=self.clock,
            loop=asyncio.get_running_loop(),
            stop=self.stopped.append,
        )
        self.zero = self.assign(0)

    def assign(self, number: int, metadata: str = "") -> Partition:
        partition = Partition("shop.clicks", number, 1, TOPIC)
        self.pipeline.assigned({partition: Position(0, metadata)})
        return partition

    def receive(self, *values: str, start: int = 0, partition: Partition | None = None) -> None:
        where = partition or self.zero
        records = [
            a_record(start + index, partition=where, value=value.encode())
            for index, value in enumerate(values)
        ]
        self.pipeline.received({where: records})

    def end(self, index: int, how: Ended = Ended.DELIVERED, failure: Failure | None = None) -> None:
        event, flight = self.deliver.submitted[index]
        self.pipeline.event_ended(flight, event, Outcome(how, 1, failure=failure))

    def fail(self, index: int) -> None:
        failure = Failure(
            "delivery", "invalid", "status 400", self.deliver.submitted[index][0].label
        )
        self.end(index, Ended.DEAD_LETTERED, failure)

    def committed(self) -> Mapping[Partition, Position]:
        """Let the interval pass and return what would be committed."""
        self.clock.advance(1)
        return self.source.commits[-1] if self.source.commits else {}

    def balanced(self) -> bool:
        self.pipeline.count_in_flight()
        return self.ledger.imbalance() == []

    @property
    def records(self) -> tuple[int, int, int, int, int, int]:
        """received, delivered, filtered, dead-lettered, released, in flight: of partition 0"""
        self.pipeline.count_in_flight()
        c = self.ledger.of_partition(self.zero)
        filtered, dead = sum(c.filtered.values()), sum(c.dead_lettered.values())
        return c.received, c.delivered, filtered, dead, c.released, c.in_flight


@pytest.fixture
async def harness() -> Harness:
    return Harness()


async def test_a_record_is_committed_only_when_all_its_events_have_ended(harness: Harness) -> None:
    harness.receive("both", "v2")
    harness.end(0)
    harness.end(2)
    assert harness.committed()[harness.zero].offset == 0
    assert harness.balanced()
    harness.source.commits.clear()
    harness.committer.committed({harness.zero: Position(0)}, None)
    harness.end(1)
    assert harness.committed()[harness.zero] == Position(2, "")
    assert harness.records == (2, 2, 0, 0, 0, 0)


async def test_a_record_that_no_rule_takes_ends_filtered(harness: Harness) -> None:
    harness.receive("drop", "drop")
    assert harness.committed()[harness.zero].offset == 2
    assert harness.ledger.of_partition(harness.zero).filtered == {"no_rule": 2}
    assert harness.balanced()


async def test_an_undecodable_record_ends_once_its_dead_letter_is_acknowledged(
    harness: Harness,
) -> None:
    harness.receive("bad", "drop")
    record, failures, digest, done = harness.dead_letters.sent[0]
    assert (record.value, digest) == (b"bad", "abcd1234")
    assert failures == [Failure("decode", "truncated", "the record ends early")]
    assert harness.committed()[harness.zero].offset == 0
    assert harness.records == (2, 0, 1, 0, 0, 1)
    assert harness.balanced()
    harness.committer.committed({harness.zero: Position(0)}, None)
    done()
    assert harness.committed()[harness.zero].offset == 2
    assert harness.records == (2, 0, 1, 1, 0, 0)


async def test_a_bug_costs_the_record_that_meets_it_and_quotes_nothing(harness: Harness) -> None:
    harness.receive("v2", "bug", "v2")
    [(record, [failure], _, done)] = harness.dead_letters.sent
    assert record.value == b"bug"
    assert (failure.stage, failure.reason) == ("mapping", "internal")
    assert failure.detail.startswith("KeyError at tests/stage_doubles.py:")
    assert "ann@" not in failure.detail
    done()
    harness.end(0)
    harness.end(1)
    assert harness.committed()[harness.zero].offset == 3
    assert harness.records == (3, 2, 0, 1, 0, 0)
    assert harness.stopped == []


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_fault_of_decoding_is_told_from_one_of_mapping(
    harness: Harness, kind: type[Exception]
) -> None:
    harness.decode.fault = kind("ann@shop.ua")
    harness.receive("v2", "bug in decoding", "bug", "v2")
    failures = [failure for _, (failure,), _, _ in harness.dead_letters.sent]
    assert [(f.stage, f.reason) for f in failures] == [
        ("decode", "internal"),
        ("mapping", "internal"),
    ]
    assert not [f for f in failures if "ann@" in f.detail]
    assert len(harness.deliver.submitted) == 2
    assert harness.stopped == []


@pytest.mark.parametrize("kind", [*FOREIGN, FatalError, ConfigError])
async def test_a_schema_that_cannot_be_resolved_costs_the_record_that_names_it(
    harness: Harness, kind: type[Exception]
) -> None:
    one = harness.assign(1)
    harness.receive("schema?", "v2")
    harness.receive("v2", partition=one)
    harness.decode.fault = kind("ann@shop.ua")
    harness.decode.known.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    [(record, [failure], _, done)] = harness.dead_letters.sent
    assert (record.offset, failure.stage, failure.reason) == (0, "decode", "internal")
    assert "ann@" not in failure.detail
    done()
    for index in range(2):
        harness.end(index)
    assert harness.committed()[harness.zero].offset == 2
    assert harness.records == (2, 1, 0, 1, 0, 0)
    assert harness.stopped == []


async def test_a_schema_that_fails_after_its_partition_has_gone_costs_nothing(
    harness: Harness,
) -> None:
    harness.receive("schema?", "v2")
    harness.pipeline.lost([harness.zero])
    harness.decode.fault = TypeError("late")
    harness.decode.known.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert harness.dead_letters.sent == []
    assert harness.balanced()
    assert harness.stopped == []


async def test_a_topic_of_damaged_records_stops_alone(harness: Harness) -> None:
    harness.receive(*["bad"] * 260)
    orders = Partition("shop.orders", 0, 1, TOPIC)
    harness.pipeline.assigned({orders: Position(0)})
    for *_, done in harness.dead_letters.sent:
        done()
    assert len(harness.dead_letters.sent) == 250
    harness.receive("v2", partition=orders)
    assert len(harness.deliver.submitted) == 1
    harness.receive("v2", start=260)
    assert len(harness.deliver.submitted) == 1
    harness.breaker.reset()
    harness.clock.advance(1)
    assert len(harness.deliver.submitted) == 2
    assert harness.balanced()


async def test_one_failed_event_of_two_makes_one_dead_letter_that_names_it(
    harness: Harness,
) -> None:
    harness.receive("both")
    harness.fail(1)
    assert harness.dead_letters.sent == []
    harness.end(0)
    (_, failures, _, done) = harness.dead_letters.sent[0]
    assert [failure.event for failure in failures] == ["main/v2/cart/rule/0"]
    assert harness.balanced()
    done()
    assert harness.ledger.of_event(V2, "cart").dead_lettered == 1
    assert harness.ledger.of_event(LEGACY, "cart").delivered == 1
    assert harness.records == (1, 0, 0, 1, 0, 0)
    assert harness.balanced()


async def test_requests_beyond_the_budget_wait_for_an_acknowledged_commit() -> None:
    harness = Harness(unacknowledged=3)
    harness.receive("both", "both", "v2")
    assert len(harness.deliver.submitted) == 2  # the second record's two would make four
    harness.end(0)
    harness.end(1)
    assert len(harness.deliver.submitted) == 2
    positions = harness.committed()
    assert len(harness.deliver.submitted) == 2
    harness.pipeline.committed(positions, None)
    assert len(harness.deliver.submitted) == 5
    assert harness.balanced()


async def test_no_endpoint_is_given_more_than_its_rate_lets_it_finish_in_a_drain(
    harness: Harness,
) -> None:
    harness.receive(*["both"] * 40)
    assert len(harness.deliver.submitted) == 80
    harness.deliver.queued_seconds = 2.5
    harness.receive(*["both"] * 40, start=40)
    assert len(harness.deliver.submitted) == 80
    harness.end(0)
    harness.end(1)
    await asyncio.sleep(0)
    assert len(harness.deliver.submitted) == 80
    harness.deliver.queued_seconds = 2.4
    harness.end(2)
    harness.end(3)
    await asyncio.sleep(0)
    assert len(harness.deliver.submitted) == 100, "as much as the budget allows"


async def test_an_endpoint_that_has_room_again_without_an_end_is_given_work(
    harness: Harness,
) -> None:
    harness.deliver.queued_seconds = 2.5
    harness.receive("both")
    assert harness.deliver.submitted == []
    harness.deliver.queued_seconds = 0.0  # what was in flight has failed, and waits
    harness.clock.advance(1.0)
    assert len(harness.deliver.submitted) == 2


async def test_a_record_with_more_events_than_the_budget_goes_alone() -> None:
    harness = Harness(unacknowledged=1)
    harness.receive("both", "v2")
    assert len(harness.deliver.submitted) == 2


async def test_records_too_far_above_an_unfinished_one_are_held_back() -> None:
    harness = Harness(gap=4)
    harness.receive(*["v2"] * 8)
    assert len(harness.deliver.submitted) == 5
    for index in range(1, 5):
        harness.end(index)
    await asyncio.sleep(0)
    assert len(harness.deliver.submitted) == 5
    harness.end(0)
    await asyncio.sleep(0)
    assert len(harness.deliver.submitted) == 8


async def test_a_full_buffer_pauses_the_partition_until_half_of_it_is_free() -> None:
    harness = Harness(unacknowledged=1, buffer=100)
    harness.receive(*["v2"] * 60)
    assert harness.source.paused == set()
    harness.receive(*["v2"] * 50, start=60)
    assert harness.source.paused == {harness.zero}
    for index in range(56):
        harness.end(index)
        harness.pipeline.committed(harness.committed(), None)
    assert harness.source.paused == {harness.zero}
    for index in range(56, 61):
        harness.end(index)
        harness.pipeline.committed(harness.committed(), None)
    assert harness.source.paused == set()
    assert harness.tallies.counter("pauses").get("buffer") == 1


async def test_an_unknown_schema_holds_its_partition_and_no_other(harness: Harness) -> None:
    other = harness.assign(1)
    harness.receive("schema?", "v2")
    harness.receive("v2", partition=other)
    assert [flight.partition for _, flight in harness.deliver.submitted] == [other]
    assert harness.balanced()
    harness.decode.known.set()
    await asyncio.sleep(0.001)
    offsets = [f.offset for _, f in harness.deliver.submitted if f.partition is harness.zero]
    assert offsets == [0, 1]


async def test_a_revoked_partition_finishes_what_was_admitted_and_gives_the_rest_back() -> None:
    harness = Harness(unacknowledged=2)
    harness.receive("v2", "v2", "v2", "v2")
    given: list[Positions] = []
    harness.pipeline.revoked([harness.zero], 5.0, given.append)
    assert harness.deliver.hurried == [harness.zero]
    harness.receive("v2", start=4)
    harness.end(0)
    assert given == []
    harness.end(1)
    await asyncio.sleep(0)
    assert given == [{harness.zero: Position(2, "")}]
    assert harness.records == (5, 2, 0, 0, 3, 0)
    harness.pipeline.committed(given[0], None)
    assert harness.committer.unacknowledged == 0
    assert harness.balanced()


async def test_a_drain_that_runs_out_of_time_releases_and_abandons(harness: Harness) -> None:
    harness.receive("both", "v2")
    harness.end(2)
    harness.end(0)
    given: list[Positions] = []
    harness.pipeline.revoked([harness.zero], 5.0, given.append)
    harness.clock.advance(4.9)
    assert given == []
    harness.clock.advance(0.2)
    assert given == [{harness.zero: Position(0, f"yb2:0:{TOPIC}:bAg==")}]
    assert harness.deliver.abandoned == [harness.zero]
    assert harness.records == (2, 1, 0, 0, 1, 0)
    assert harness.ledger.of_event(V2, "cart").released == 1
    assert harness.balanced()


async def test_a_drain_that_ended_too_late_to_be_committed_holds_no_part_of_the_budget() -> None:
    """The source let go of the partition in between, and says so by `lost`."""
    harness = Harness(unacknowledged=2)
    one = Partition("shop.clicks", 1, 1)
    harness.pipeline.assigned({one: Position(0)})
    harness.receive("v2", "v2")
    given: list[Positions] = []
    harness.pipeline.revoked([harness.zero], 5.0, given.append)
    harness.end(0)
    harness.end(1)
    await asyncio.sleep(0)
    assert given == [{harness.zero: Position(2, "")}]
    harness.zero.active = False
    harness.pipeline.lost([harness.zero])
    assert harness.committer.unacknowledged == 0
    harness.pipeline.received({one: [a_record(0, value=b"v2", partition=one)]})
    assert [flight.partition for _, flight in harness.deliver.submitted][2:] == [one]
    assert harness.balanced()


async def test_lost_partitions_are_dropped_without_a_commit(harness: Harness) -> None:
    harness.receive("v2", "bad")
    harness.zero.active = False
    harness.pipeline.lost([harness.zero])
    assert harness.committed() == {}
    assert harness.records == (2, 0, 0, 0, 2, 0)
    assert harness.committer.unacknowledged == 0
    harness.dead_letters.sent[0][3]()  # the acknowledgement that comes too late changes nothing
    assert harness.records == (2, 0, 0, 0, 2, 0)
    assert harness.balanced()


async def test_records_known_to_have_ended_above_the_gap_are_not_sent_again() -> None:
    harness = Harness()
    partition = harness.assign(1, f"yb2:0:{TOPIC}:bAg==")  # offset 1 had ended
    harness.receive("v2", "v2", "v2", partition=partition)
    assert [flight.offset for _, flight in harness.deliver.submitted] == [0, 2]
    assert harness.ledger.of_partition(partition).filtered == {"already_ended": 1}
    assert harness.balanced()


async def test_draining_the_process_takes_nothing_more_and_reports_the_rest(
    harness: Harness,
) -> None:
    harness.receive("v2", "v2")
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    harness.receive("v2", start=2)
    harness.end(0)
    harness.end(1)
    positions, complete = await draining
    assert positions == {harness.zero: Position(2, "")}
    assert complete
    assert harness.records == (3, 2, 0, 0, 1, 0)


async def test_a_drain_in_vain_is_reported_as_incomplete(harness: Harness) -> None:
    harness.receive("v2")
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    harness.clock.advance(26)
    positions, complete = await draining
    assert positions == {}
    assert not complete


async def test_a_process_stops_while_one_of_its_partitions_is_taken_away(harness: Harness) -> None:
    one, given = harness.assign(1), list[Positions]()
    harness.receive("v2")
    harness.receive("v2", partition=one)
    harness.pipeline.revoked([one], 5.0, given.append)
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    harness.end(0)
    await asyncio.sleep(0.001)
    assert not draining.done(), "it leaves before the revoked partition is finished"
    harness.end(1)
    assert await draining == ({harness.zero: Position(1, "")}, True)
    assert given == [{one: Position(1, "")}]
    assert harness.balanced()


async def test_a_partition_is_taken_away_while_the_process_stops(harness: Harness) -> None:
    one, given = harness.assign(1), list[Positions]()
    harness.receive("v2")
    harness.receive("v2", partition=one)
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    harness.pipeline.revoked([one], 5.0, given.append)
    harness.end(1)
    await asyncio.sleep(0.001)
    assert given == [{one: Position(1, "")}]  # the source waits for nothing else
    assert not draining.done()
    harness.end(0)
    assert await draining == ({harness.zero: Position(1, "")}, True)
    assert harness.balanced()


@pytest.mark.parametrize("first", ["lost", "drained"])
async def test_a_process_stops_while_a_partition_is_lost(harness: Harness, first: str) -> None:
    one = harness.assign(1)
    harness.receive("v2")
    harness.receive("v2", partition=one)
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    if first == "drained":
        harness.end(0)
    one.active = False
    harness.pipeline.lost([one])
    if first == "lost":
        harness.end(0)
    assert await draining == ({harness.zero: Position(1, "")}, True)
    assert harness.ledger.of_partition(one).released == 1
    assert harness.balanced()


async def test_a_process_out_of_time_cuts_short_what_is_being_taken_away(harness: Harness) -> None:
    one, given = harness.assign(1), list[Positions]()
    harness.receive("both", "v2", partition=one)
    harness.end(2)
    harness.pipeline.revoked([one], 60.0, given.append)
    draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
    await asyncio.sleep(0)
    harness.clock.advance(26)
    assert await draining == ({}, False)
    assert given == [{one: Position(0, f"yb2:0:{TOPIC}:bAg==")}]
    assert harness.ledger.of_partition(one).released == 1
    assert harness.balanced()


async def test_partitions_take_turns(harness: Harness) -> None:
    other = harness.assign(1)
    many = {
        where: [a_record(n, partition=where, value=b"v2") for n in range(50)]
        for where in (harness.zero, other)
    }
    harness.pipeline.received(many)
    first = [flight.partition for _, flight in harness.deliver.submitted]
    assert first[:32] == [harness.zero] * 32
    assert first[32:64] == [other] * 32


async def test_too_many_dead_letters_stop_the_taking_until_somebody_helps() -> None:
    harness = Harness()
    with capture_logs() as lines:
        harness.receive(*["bug"] * 150)
    assert len(harness.dead_letters.sent) == 100
    [stopped] = [line for line in lines if line["event"] == "stopped taking records"]
    assert stopped["reason"] == "100 records in a row became dead letters"
    harness.receive("v2", start=150)
    harness.clock.advance(60)
    assert len(harness.dead_letters.sent) == 100
    assert harness.deliver.submitted == []
    harness.breaker.reset()
    harness.clock.advance(1)
    assert len(harness.dead_letters.sent) == 150
    assert len(harness.deliver.submitted) == 1


@pytest.mark.parametrize("seed", range(40))
async def test_partitions_come_and_go_in_any_order_while_the_process_stops(seed: int) -> None:
    random, harness = Random(seed), Harness(unacknowledged=6)
    held, given = [harness.zero], list[list[Positions]]()
    draining: asyncio.Future[tuple[Positions, bool]] | None = None

    def end_one() -> bool:
        """End some event of what is ours; False when there is none."""
        ours = [buffer.partition for buffer in harness.pipeline._buffers]
        open_ones = [
            (event, flight)
            for event, flight in harness.deliver.submitted
            if flight.partition in ours and event in flight.events
        ]
        if open_ones:
            event, flight = random.choice(open_ones)
            harness.pipeline.event_ended(flight, event, Outcome(Ended.DELIVERED, 1))
        return bool(open_ones)

    for step in range(60):
        what = random.randrange(6)
        if step == 40:
            draining = asyncio.ensure_future(harness.pipeline.drain(25.0))
        elif what == 0:
            held.append(harness.assign(step + 1))
        elif what == 1 and held:
            harness.receive("both", "v2", "drop", start=step * 3, partition=random.choice(held))
        elif what == 2 and held:
            gone = [held.pop(random.randrange(len(held)))]
            given.append([])
            harness.pipeline.revoked(gone, 5.0, given[-1].append)
        elif what == 3 and held:
            lost = held.pop(random.randrange(len(held)))
            lost.active = False
            harness.pipeline.lost([lost])
        else:
            end_one()
        await asyncio.sleep(0)
        assert harness.balanced()
    if seed % 2:
        while end_one():
            pass
        await asyncio.sleep(0)
    harness.clock.advance(26)
    assert draining is not None
    async with asyncio.timeout(20):
        _, complete = await draining
    assert complete or not seed % 2
    assert [len(answers) for answers in given] == [1] * len(given)
    assert harness.balanced()
    assert harness.stopped == []


async def test_what_a_leaving_partition_never_started_is_given_back_at_once(
    harness: Harness,
) -> None:
    harness.receive("v2", "v2", "v2")
    untouched = [harness.deliver.submitted[index][1] for index in (1, 2)]
    harness.deliver.untouched = untouched
    positions: list[Positions] = []
    harness.pipeline.revoked([harness.zero], 5, positions.append)
    assert harness.deliver.asked_back == [harness.zero]
    assert harness.records == (3, 0, 0, 0, 2, 1)
    assert harness.balanced()
    harness.end(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [position[harness.zero].offset for position in positions] == [1]
    assert harness.records == (3, 1, 0, 0, 2, 0)
    assert harness.balanced()
