"""Commits happen in time, one at a time, and are repeated until they succeed."""

import pytest
from structlog.testing import capture_logs

from consumer.commit.committer import Committer
from consumer.model import Flight, Partition
from consumer.stages import Position, Positions
from consumer.telemetry.tallies import Tallies
from tests.fakes import ManualClock, a_record


class Harness:
    def __init__(self, threshold: int = 10) -> None:
        self.clock = ManualClock()
        self.sent: list[Positions] = []
        self.partition = Partition("shop.clicks", 0, 1)
        self.tallies = Tallies()
        self.committer = Committer(
            send=self.sent.append,
            interval=1.0,
            threshold=threshold,
            clock=self.clock,
            tallies=self.tallies,
        )
        self.committer.assigned({self.partition: Position(0)})

    def flights(self, count: int, partition: Partition | None = None) -> list[Flight]:
        of = partition or self.partition
        flights = [Flight(a_record(offset, partition=of)) for offset in range(count)]
        for flight in flights:
            flight.uncommitted_requests = 1
            self.committer.admitted(flight)
        return flights

    def answer(self, error: str | None = None) -> None:
        self.committer.committed(self.sent[-1], error)

    @property
    def offsets(self) -> list[int]:
        return [sent[self.partition].offset for sent in self.sent if self.partition in sent]


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_progress_is_committed_after_the_interval(harness: Harness) -> None:
    flights = harness.flights(3)
    harness.committer.ended(flights[0])
    harness.clock.advance(0.9)
    assert harness.offsets == []
    harness.clock.advance(0.2)
    assert harness.offsets == [1]


def test_many_ended_requests_are_committed_at_once(harness: Harness) -> None:
    for flight in harness.flights(10):
        harness.committer.ended(flight)
    assert harness.offsets == [10]


def test_only_one_commit_is_under_way(harness: Harness) -> None:
    flights = harness.flights(30)
    for flight in flights:
        harness.committer.ended(flight)
    harness.clock.advance(5)
    assert harness.offsets == [10]
    harness.answer()
    assert harness.offsets == [10, 30]


def test_a_commit_that_is_answered_in_parts_is_under_way_until_the_last_part(
    harness: Harness,
) -> None:
    """Else the answer to the first part would let a second commit out, whose requests the answer to
    the last part would then seem to acknowledge."""
    other = Partition("shop.clicks", 1, 1)
    harness.committer.assigned({other: Position(0)})
    for flight in (*harness.flights(2), *harness.flights(2, other)):
        harness.committer.ended(flight)
    harness.clock.advance(1.1)
    [both] = harness.sent
    assert both == {harness.partition: Position(2), other: Position(2)}
    harness.committer.committed({other: both[other]}, "_ASSIGNMENT_LOST")
    for flight in harness.flights(20):
        harness.committer.ended(flight)
    harness.clock.advance(5)
    assert harness.sent == [both]
    assert harness.committer.unacknowledged == 24
    harness.committer.committed({harness.partition: both[harness.partition]}, None)
    assert len(harness.sent) == 2
    assert harness.committer.unacknowledged == 22


def test_a_partition_that_is_given_up_answers_for_no_commit(harness: Harness) -> None:
    for flight in harness.flights(10):
        harness.committer.ended(flight)
    harness.committer.forget([harness.partition])
    harness.partition = Partition("shop.clicks", 0, 2)
    harness.committer.assigned({harness.partition: Position(0)})
    for flight in harness.flights(10):
        harness.committer.ended(flight)
    assert harness.offsets == [10], "the second one did not wait for an answer to the first"


def test_progress_made_during_a_commit_does_not_wait_for_another_record(harness: Harness) -> None:
    flights = harness.flights(11)
    for flight in flights:
        harness.committer.ended(flight)
    harness.clock.advance(1)
    harness.answer()
    harness.clock.advance(1)
    assert harness.offsets == [10, 11]


def test_a_failed_commit_is_repeated_without_new_progress(harness: Harness) -> None:
    harness.committer.ended(harness.flights(1)[0])
    harness.clock.advance(1)
    harness.answer("REQUEST_TIMED_OUT")
    assert harness.committer.unacknowledged == 1
    harness.clock.advance(1)
    assert harness.offsets == [1, 1]
    harness.answer()
    assert harness.committer.unacknowledged == 0


def test_an_idle_committer_sets_no_timers(harness: Harness) -> None:
    harness.committer.ended(harness.flights(1)[0])
    harness.clock.advance(1)
    harness.answer()
    harness.clock.advance(10)
    assert harness.clock.pending == 0
    assert harness.offsets == [1]


def test_nothing_is_committed_for_an_ended_assignment(harness: Harness) -> None:
    harness.committer.ended(harness.flights(1)[0])
    harness.partition.active = False
    harness.clock.advance(1)
    assert harness.offsets == []


def test_forgetting_a_partition_frees_its_unacknowledged_requests(harness: Harness) -> None:
    flights = harness.flights(20)
    for flight in flights[:12]:
        harness.committer.ended(flight)
    assert harness.committer.unacknowledged == 20
    harness.committer.forget([harness.partition])
    assert harness.committer.unacknowledged == 0
    harness.answer()
    assert harness.committer.unacknowledged == 0


def warnings_of(harness: Harness, *errors: str | None) -> list[dict[str, object]]:
    """Log lines for commits answered like this, one a second."""
    harness.committer.ended(harness.flights(1)[0])
    with capture_logs() as logs:
        for error in errors:
            harness.clock.advance(1)
            harness.answer(error)
    assert len(harness.sent) == len(errors)
    return [dict(line) for line in logs if line["log_level"] != "debug"]


def test_a_rebalance_that_refuses_commits_for_a_moment_is_only_counted(harness: Harness) -> None:
    refused = ["ILLEGAL_GENERATION"] * 9
    assert warnings_of(harness, *refused, None) == []
    assert harness.tallies.counter("commits").get("error") == 9


def test_commits_that_fail_for_ten_seconds_are_warned_of_once_until_they_succeed(
    harness: Harness,
) -> None:
    refused = ["REQUEST_TIMED_OUT"] * 15
    failing = {"event": "commits fail, will be repeated", "error": "REQUEST_TIMED_OUT"}
    assert warnings_of(harness, *refused, None) == [
        {**failing, "seconds": 10, "log_level": "warning"},
        {"event": "commits succeed again", "log_level": "info"},
    ]


def test_a_failure_of_what_is_not_ours_any_more_is_over(harness: Harness) -> None:
    assert warnings_of(harness, "_ASSIGNMENT_LOST") == []
    harness.committer.forget([harness.partition])
    harness.clock.advance(60)
    again = Partition("shop.clicks", 0, 2)
    harness.partition = again
    harness.committer.assigned({again: Position(0)})
    harness.sent.clear()
    assert warnings_of(harness, "ILLEGAL_GENERATION", None) == []
