"""Waits and budgets: literal numbers."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.config.settings import RetrySettings
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.retry import Budget, backoff, retry_after
from tests.delivery.makers import a_flight, a_partition, an_event

TEN_O_CLOCK = 1_763_719_200_000  # 2025-11-21T10:00:00Z, a Friday


@pytest.mark.parametrize(
    ("failures", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (5000, 30.0)]
)
def test_waits_are_drawn_from_zero_to_a_doubling_bound(failures: int, bound: float) -> None:
    rng = Random(1)
    waits = [backoff(failures, 0.5, 30.0, rng) for _ in range(500)]
    assert 0 <= min(waits) < bound * 0.05
    assert bound * 0.95 < max(waits) <= bound


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        ("299", 299.0),
        ("100000", 300.0),
        ("9" * 60, 300.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Fri, 21 Nov 2025 10:00:30 GMT", 30.0),
        ("Fri, 21 Nov 2025 10:00:30 -0000", 30.0),
        ("Friday, 21-Nov-25 10:00:30 GMT", 30.0),
        ("Fri, 21 Nov 2025 09:00:00 GMT", 0.0),
        ("Fri, 21 Nov 2031 10:00:00 GMT", 300.0),
        ("Fri, 99 Nov 2025 10:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, TEN_O_CLOCK) == seconds


@settings(deadline=None)
@given(header=st.text(max_size=64))
def test_no_retry_after_header_is_too_odd(header: str) -> None:
    seconds = retry_after(header, TEN_O_CLOCK)
    assert seconds is None or 0 <= seconds <= 300


def a_job() -> Job:
    return Job(an_event("x"), a_flight(a_partition()), 1)


def test_attempts_and_age_are_both_needed() -> None:
    budget, job = Budget(RetrySettings(attempts=3, age=100.0)), a_job()
    budget.begin(job, deliveries=0, now=0.0)
    assert not budget.exhausted(job, deliveries=1, now=10.0)
    assert not budget.exhausted(job, deliveries=2, now=20.0)
    assert not budget.exhausted(job, deliveries=3, now=30.0)  # 3 attempts, but only 30 s
    assert not budget.exhausted(job, deliveries=4, now=99.0)
    assert budget.exhausted(job, deliveries=5, now=100.0)


def test_an_outage_is_not_charged() -> None:
    budget, job = Budget(RetrySettings(attempts=2, age=10.0)), a_job()
    budget.begin(job, deliveries=7, now=0.0)
    for hour in range(1, 25):
        assert not budget.exhausted(job, deliveries=7, now=hour * 3600.0)
    assert (job.charged, job.charged_seconds) == (0, 0.0)
    assert not budget.exhausted(job, deliveries=8, now=86_405.0)
    assert budget.exhausted(job, deliveries=9, now=86_410.0)
