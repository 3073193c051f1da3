"""The token bucket, in literal numbers."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.endpoint.limiter import Limiter


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
    limiter.refused(0.0, 0.0, in_flight=100)
    assert limiter.opens(0.0) == 0.0, "what was sent without a ceiling is no debt"
    assert limiter.rate == 90.0, "what is on the wire may yet be taken"


def delivering(limiter: Limiter, per_second: int, seconds: int) -> None:
    for number in range(per_second * seconds):
        limiter.delivered(number / per_second)


def test_a_refusal_shows_the_limit_where_none_was_known() -> None:
    limiter = Limiter(None, 5, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(3.0, 3.0, in_flight=0)
    assert limiter.rate == pytest.approx(90.0, rel=0.02)


def test_one_refusal_never_more_than_halves_the_rate() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    delivering(limiter, 20, 3)
    limiter.refused(3.0, 3.0, in_flight=0)
    assert limiter.rate == 125.0


def test_the_rate_never_falls_to_nothing() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    for second in range(50):
        limiter.refused(float(second), float(second), in_flight=0)
    assert limiter.rate == 1.0


def test_a_refusal_never_raises_a_low_ceiling() -> None:
    limiter = Limiter(0.5, 1, 0.0)
    limiter.refused(1.0, 1.0, in_flight=0)
    assert limiter.rate == 0.5


def test_the_rate_creeps_back_and_the_limit_is_forgotten_after_fifty_seconds() -> None:
    limiter = Limiter(None, 5, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(2.99, 3.0, in_flight=0)
    rates = []
    for second in range(4, 60):
        limiter.opens(float(second))
        rates.append(limiter.rate)
    assert limiter.rate == inf
    assert rates == sorted(rates)
    # 0.5 % a second at first, what was lost after nine seconds, three times as much after twenty-five
    assert rates[0] == pytest.approx(90.5, abs=0.1)
    assert rates[8] == pytest.approx(99.8, abs=0.1)
    assert rates[24] == pytest.approx(285.0, abs=2.0)
    assert rates[45] < inf
    assert rates[49] == inf


def test_a_pause_is_no_time_in_which_nothing_was_refused() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(2.99, 33.0, in_flight=0)
    fallen = limiter.rate
    limiter.opens(33.0)
    assert limiter.rate == fallen == 125.0
    limiter.opens(42.0)
    assert limiter.rate == pytest.approx(138.6, abs=0.1)


def test_a_refusal_that_says_nothing_of_the_rate_only_stops_its_growth() -> None:
    limiter = Limiter(250.0, 50, 0.0)
    delivering(limiter, 100, 3)
    limiter.refused(2.99, 3.0, in_flight=0)
    limiter.held(3.0, 30.0)
    limiter.opens(30.0)
    assert limiter.rate == 125.0


def test_what_the_vendor_showed_to_take_is_the_groups_and_shared_like_the_ceiling() -> None:
    limiter = Limiter(240.0, 30, 0.0)
    limiter.share(0.5, 0.0)
    delivering(limiter, 30, 3)
    limiter.refused(2.99, 3.0, in_flight=0)
    assert (limiter.rate, limiter.ceiling) == (60.0, 120.0)
    limiter.share(1.0, 3.0)
    assert (limiter.rate, limiter.ceiling) == (120.0, 240.0)
    limiter.share(0.0, 3.0)
    assert limiter.rate == 0.0
    limiter.share(0.25, 3.0)
    assert limiter.rate == 30.0


def test_what_leaves_late_leaves_with_what_comes_after() -> None:
    limiter = Limiter(10.0, 5, 0.0)
    for _ in range(5):
        assert limiter.opens(0.0) == 0.0
        limiter.started(0.0)
    limiter.left(5, 2.0)  # the process stood still in between
    assert limiter.opens(2.0) == pytest.approx(2.1)
    assert started_by(limiter, until=3.0, now=2.0)[-1] <= 3.0
    limiter.left(0, 60.0)
    assert started_by(limiter, until=60.05, now=60.0) == [60.0] * 5


@settings(deadline=None)
@given(
    rate=st.floats(1.0, 500.0),
    burst=st.integers(1, 100),
    gaps=st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), max_size=40),
    refusals=st.lists(st.tuples(st.floats(0.0, 20.0), st.booleans()), max_size=5),
)
def test_whatever_happens_no_second_sees_more_than_rate_and_burst(
    rate: float,
    burst: int,
    gaps: list[tuple[float, float]],
    refusals: list[tuple[float, bool]],
) -> None:
    """Requests start in rounds; each round takes its time, and all of it leaves at its end."""
    limiter, now, times = Limiter(rate, burst, 0.0), 0.0, []
    pending = sorted(refusals)
    for gap, stands_still in gaps:
        now += gap
        while pending and pending[0][0] <= now:
            at, again = pending.pop(0)
            if again:
                limiter.held(at, at)
            else:
                limiter.refused(at, at, in_flight=0)
        count = 0
        while count < burst + 5 and limiter.opens(now) <= now:
            limiter.started(now)
            count += 1
        now += stands_still
        limiter.left(count, now)
        times += [now] * count
    for first in times:
        assert sum(first <= time < first + 1.0 for time in times) <= rate + burst + 1e-6
