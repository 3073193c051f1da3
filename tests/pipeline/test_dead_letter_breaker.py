"""Nothing more is taken once most records become dead letters, and the reason is given."""

from consumer.config.settings import BreakerSettings
from consumer.model import Failure, Flight, Partition
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from tests.fakes import a_record

MISSING = Failure("mapping", "missing", "cart: price is absent")
EXPIRED = Failure("delivery", "expired", "older than max_age")
DAMAGED = Failure("decode", "truncated", "the record ends early")


def note(
    breaker: DeadLetterBreaker,
    failure: Failure | None,
    digest: str = "one",
    topic: str = "shop.clicks",
) -> bool:
    flight = Flight(a_record(partition=Partition(topic, 0, 1)), digest)
    flight.failures = None if failure is None else [failure]
    return breaker.note(flight, "one")


def test_a_hundred_in_a_row_are_enough() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    assert [note(breaker, MISSING) for _ in range(100)] == [False] * 99 + [True]
    assert breaker.open_reason == "100 records in a row became dead letters"
    assert breaker.stands("one")


def test_half_of_the_window_is_enough_wherever_the_good_ones_stand() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    ends = [note(breaker, MISSING if number % 2 else None) for number in range(500)]
    assert ends.index(True) == 499
    assert breaker.open_reason == "250 of the last 500 records became dead letters"


def test_nine_of_ten_stop_before_the_window_is_full() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    ends = [note(breaker, None if number % 10 == 0 else MISSING) for number in range(500)]
    assert ends.index(True) == 277  # 250 dead letters among 278
    assert ends.count(True) == 1


def test_a_little_less_than_half_goes_on_for_ever() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    # 249 of any 500 in a row
    ends = [note(breaker, MISSING if n % 500 < 498 and n % 2 else None) for n in range(5000)]
    assert True not in ends
    assert not breaker.stands("one")


def test_what_is_too_old_does_not_count() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    assert True not in [note(breaker, EXPIRED) for _ in range(1000)]


def test_another_mapping_begins_anew_and_late_ends_of_the_old_one_do_not_count() -> None:
    breaker = DeadLetterBreaker(BreakerSettings(in_a_row=3))
    assert [note(breaker, MISSING) for _ in range(3)] == [False, False, True]
    assert not breaker.stands("two")
    assert breaker.open_reason == ""
    flight = Flight(a_record(), "one")
    flight.failures = [MISSING]
    assert not any(breaker.note(flight, "two") for _ in range(10))


def test_a_reset_gives_a_whole_budget() -> None:
    breaker = DeadLetterBreaker(BreakerSettings(in_a_row=3))
    assert [note(breaker, MISSING) for _ in range(3)] == [False, False, True]
    breaker.reset()
    assert not breaker.stands("one")
    assert [note(breaker, MISSING) for _ in range(3)] == [False, False, True]


def test_what_cannot_be_decoded_speaks_against_its_topic_and_not_against_the_mapping() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    assert [note(breaker, DAMAGED) for _ in range(250)] == [False] * 249 + [True]
    assert breaker.open_reason == "250 of the last 250 records of shop.clicks cannot be decoded"
    assert breaker.stops("shop.clicks")
    assert not breaker.stops("shop.orders")
    assert breaker.stands("one")
    assert not breaker.stands("two")


def test_a_hundred_damaged_records_of_one_producer_stop_nothing() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    assert True not in [note(breaker, DAMAGED) for _ in range(100)]
    assert breaker.open_reason == ""


def test_damaged_records_between_good_ones_stop_a_topic_at_half_of_the_window() -> None:
    breaker = DeadLetterBreaker(BreakerSettings())
    ends = [note(breaker, DAMAGED if number % 2 else None) for number in range(600)]
    assert ends.index(True) == 499
    fewer = DeadLetterBreaker(BreakerSettings())
    assert True not in [note(fewer, None if n % 500 >= 249 else DAMAGED) for n in range(5000)]


def test_damaged_records_neither_count_against_the_mapping_nor_hide_what_does() -> None:
    breaker = DeadLetterBreaker(BreakerSettings(in_a_row=3))
    ends = [note(breaker, failure) for failure in (MISSING, DAMAGED, MISSING, DAMAGED, MISSING)]
    assert ends == [False, False, False, False, True]
    assert breaker.stops("shop.orders")


def test_the_budget_spent_goes_from_nothing_to_all() -> None:
    breaker = DeadLetterBreaker(BreakerSettings(in_a_row=4))
    assert breaker.spent == 0.0
    note(breaker, MISSING)
    assert breaker.spent == 0.25
    for _ in range(125):
        note(breaker, DAMAGED)
    assert breaker.spent == 0.5
    for _ in range(3):
        note(breaker, MISSING)
    assert breaker.spent == 1.0
