"""The token bucket, in literal numbers."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.limiter import Limiter


def started_by(limiter: Limiter, until: float, now: float = 0.0) -> list[float]:
    """Start as many requests as may be started, as early as possible."""
    times = []
    while now <= until:
        at = limiter.opens(now)
        if at > now:
            now = at
            continue
        limiter.started(now)
        times.append(now)
    return times


def test_a_burst_then_an_even_pace() -> None:
    times = started_by(Limiter(10.0, 5, 0.0), until=1.0)
    assert times[:5] == [0.0] * 5
    assert times[5:] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def test_a_long_pause_saves_up_no_more_than_the_burst() -> None:
    limiter = Limiter(10.0, 5, 0.0)
    started_by(limiter, until=1.0)
    times = started_by(limiter, until=100.05, now=100.0)
    assert times == [100.0] * 5


def test_only_the_time_waited_for_the_rate_is_counted_as_such() -> None:
    limiter = Limiter(10.0, 5, 0.0)
    started_by(limiter, until=1.0)
    assert limiter.waited == pytest.approx(1.0)
    limiter.opens(1.0)
    limiter.started(60.0)  # due at 1.1; what came after was not the rate's doing
    assert limiter.waited == pytest.approx(1.1)


def test_without_a_ceiling_nothing_is_held_up() -> None:
    limiter = Limiter(None, 5, 0.0)
    for _ in range(10_000):
        assert limiter.opens(0.0) == 0.0
        limiter.started(0.0)
    limiter.refused(0.0)
    assert limiter.opens(0.0) == 0.0, "what was sent without a ceiling is no debt"


def delivering(limiter: Limiter, per_second: int, seconds: int) -> None:
    for number in range(per_second * seconds):
        limiter.delivered(number / per_second)


def test_a_refusal_shows_the_limit_where_none_was_known() -> None:
    limiter = Limiter(None, 5, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(3.0)
    assert limiter.rate == pytest.approx(90.0, rel=0.02)


def test_one_refusal_never_more_than_halves_the_rate() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    delivering(limiter, 20, 3)
    limiter.refused(3.0)
    assert limiter.rate == 125.0


def test_the_rate_never_falls_to_nothing() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    for second in range(50):
        limiter.refused(float(second))
    assert limiter.rate == 5.0


def test_a_refusal_never_raises_a_low_ceiling() -> None:
    limiter = Limiter(2.0, 1, 0.0)
    limiter.refused(1.0)
    assert limiter.rate == 2.0


def test_the_rate_creeps_back_and_is_forgotten_after_a_minute() -> None:
    limiter = Limiter(None, 5, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(3.0)
    rates = []
    for second in range(4, 70):
        limiter.opens(float(second))
        rates.append(limiter.rate)
    assert rates[4] < 105.0
    assert rates == sorted(rates)
    assert rates[59] == inf


@settings(deadline=None)
@given(
    rate=st.floats(1.0, 500.0),
    burst=st.integers(1, 100),
    gaps=st.lists(st.floats(0.0, 3.0), max_size=40),
    refusals=st.lists(st.floats(0.0, 20.0), max_size=5),
)
def test_whatever_happens_no_second_sees_more_than_rate_and_burst(
    rate: float, burst: int, gaps: list[float], refusals: list[float]
) -> None:
    limiter, now, times = Limiter(rate, burst, 0.0), 0.0, []
    pending = sorted(refusals)
    for gap in gaps:
        now += gap
        while pending and pending[0] <= now:
            limiter.refused(pending.pop(0))
        for _ in range(burst + 5):
            if limiter.opens(now) > now:
                break
            limiter.started(now)
            times.append(now)
    for first in times:
        assert sum(first <= time < first + 1.0 for time in times) <= rate + burst + 1e-6
