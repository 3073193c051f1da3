"""The watermark never passes a record that has not ended, whatever the order of ends."""

from hypothesis import given
from hypothesis import strategies as st

from consumer.commit.tracker import Tracker
from consumer.model import Flight, Partition
from consumer.stages import Position
from tests.fakes import a_record

TOPIC = "AsASkzEsQoe25hzn351c9A"
PARTITION = Partition("shop.clicks", 0, 1, TOPIC)


def a_flight(offset: int, requests: int = 1) -> Flight:
    flight = Flight(a_record(offset, partition=PARTITION))
    flight.uncommitted_requests = requests
    return flight


def a_tracker(*offsets: int, start: int = 0) -> tuple[Tracker, dict[int, Flight]]:
    tracker = Tracker(PARTITION, Position(start))
    flights = {offset: a_flight(offset) for offset in offsets}
    for flight in flights.values():
        tracker.admitted(flight)
    return tracker, flights


def test_the_watermark_stops_below_the_first_record_that_has_not_ended() -> None:
    tracker, flights = a_tracker(10, 11, 12, start=10)
    tracker.ended(flights[11])
    tracker.ended(flights[12])
    assert tracker.watermark == 10
    tracker.ended(flights[10])
    assert tracker.watermark == 13


def test_holes_between_offsets_do_not_hold_the_watermark() -> None:
    tracker, flights = a_tracker(10, 17, 40, start=10)
    tracker.ended(flights[10])
    assert tracker.watermark == 17
    tracker.ended(flights[17])
    tracker.ended(flights[40])
    assert tracker.watermark == 41


def test_without_progress_there_is_nothing_to_commit() -> None:
    tracker, flights = a_tracker(0, 1)
    assert tracker.take_position() is None
    tracker.ended(flights[0])
    assert tracker.take_position() == Position(1, "")
    tracker.answered(succeeded=True)
    assert tracker.take_position() is None


def test_a_failed_commit_is_offered_again_and_acknowledges_nothing() -> None:
    tracker, flights = a_tracker(0, 1)
    tracker.ended(flights[0])
    tracker.take_position()
    assert tracker.answered(succeeded=False) == 0
    assert tracker.unacknowledged == 2
    assert tracker.take_position() == Position(1, "")
    assert tracker.answered(succeeded=True) == 1
    assert tracker.unacknowledged == 1


def test_requests_ended_above_the_gap_are_acknowledged_by_the_map() -> None:
    tracker, flights = a_tracker(0, 1, 2)
    tracker.ended(flights[1])
    position = tracker.take_position()
    assert position is not None
    assert position.offset == 0
    assert position.metadata == f"yb2:0:{TOPIC}:bAg=="  # bit 1
    assert tracker.answered(succeeded=True) == 1
    assert tracker.unacknowledged == 2


def test_without_a_topic_id_what_ended_above_the_gap_stays_unacknowledged() -> None:
    # the next run could not tell whether the map is of the same topic, and would send it again
    partition = Partition("shop.clicks", 0, 1)
    tracker = Tracker(partition, Position(0))
    flights = [a_flight(offset) for offset in range(3)]
    for flight in flights:
        tracker.admitted(flight)
    tracker.ended(flights[1])
    assert tracker.take_position() == Position(0, "")
    assert tracker.answered(succeeded=True) == 0
    partition.topic_id = TOPIC  # Kafka has told it meanwhile
    tracker.ended(flights[2])
    assert tracker.take_position() == Position(0, f"yb2:0:{TOPIC}:bBg==")  # bits 1 and 2
    assert tracker.answered(succeeded=True) == 2


def test_what_a_former_run_ended_above_the_gap_is_known_and_stays_on_the_map() -> None:
    tracker = Tracker(
        PARTITION, Position(0, f"yb2:0:{TOPIC}:rAgE=")
    )  # 2 not ended, 1 ended: offset 2
    assert [tracker.finished_before(offset) for offset in range(4)] == [False, False, True, False]
    first = a_flight(0)
    tracker.admitted(first)
    tracker.ended(first)
    # base moved to 1; offset 2 was not read again yet, so the map must still name it
    assert tracker.take_position() == Position(1, f"yb2:1:{TOPIC}:bAg==")


def test_a_commit_at_revoke_overtakes_one_that_is_under_way() -> None:
    tracker, flights = a_tracker(0, 1)
    tracker.ended(flights[0])
    assert tracker.take_position() == Position(1, "")
    tracker.ended(flights[1])
    assert tracker.take_position() == Position(2, "")
    assert tracker.answered(succeeded=True) == 2


@given(st.permutations(list(range(12))), st.lists(st.booleans(), min_size=12, max_size=12))
def test_for_any_order_of_ends_the_watermark_equals_the_naive_one(
    order: list[int], commits: list[bool]
) -> None:
    tracker, flights = a_tracker(*range(0, 36, 3))
    done: set[int] = set()
    for index, commit in zip(order, commits, strict=True):
        tracker.ended(flights[index * 3])
        done.add(index * 3)
        missing = [offset for offset in range(0, 36, 3) if offset not in done]
        expected = missing[0] if missing else 34
        assert tracker.watermark == expected
        if commit:
            position = tracker.take_position()
            assert position is not None
            assert position.offset == expected
            tracker.answered(succeeded=True)
            assert tracker.unacknowledged == len(missing)
    assert tracker.gap == 0
