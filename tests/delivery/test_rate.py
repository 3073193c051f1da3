"""The pace of a queue against vendors that take so much and no more: no second too full, and close to
the vendor's true limit, whatever that is and however it is counted."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import inf

import pytest

from consumer.clock import Clock
from consumer.delivery.http.answer import Answer
from consumer.model import Ended
from consumer.sandbox.faults import FaultEngine, FaultProfile
from tests.delivery.bench import Bench
from tests.delivery.makers import Attempt, ScriptedPool
from tests.fakes import ManualClock

pytestmark = pytest.mark.slow

Takes = Callable[[float], bool]
"""Whether the vendor takes a request that arrives at this time, in seconds."""


def takes_all(_: float) -> bool:
    return True


def by_the_second(limit: int, _: Clock) -> Takes:
    """Counts by calendar seconds."""
    seconds: dict[int, int] = {}

    def takes(now: float) -> bool:
        taken = seconds.get(int(now), 0)
        seconds[int(now)] = min(limit, taken + 1)
        return taken < limit

    return takes


def by_the_last_second(limit: int, _: Clock) -> Takes:
    """A sliding window."""
    taken: deque[float] = deque()

    def takes(now: float) -> bool:
        while taken and taken[0] <= now - 1.0:
            taken.popleft()
        if len(taken) >= limit:
            return False
        taken.append(now)
        return True

    return takes


def by_the_sandbox(limit: int, clock: Clock) -> Takes:
    """Seconds that begin with the first request after the last one."""
    engine = FaultEngine(FaultProfile(throttle_above=limit), 0, clock.monotonic)
    return lambda _: engine.draw("v2") is None


@dataclass
class TimedPool(ScriptedPool):
    """Knows when each request left, and answers by itself."""

    clock: ManualClock = field(default_factory=ManualClock)
    answers: Callable[[str], None] = lambda _: None
    left: list[float] = field(default_factory=list)
    stands_still_at: int = -1
    """The request with which the process stops for two seconds, before anything of this round of
    the loop is on the wire."""

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> Attempt:
        if len(self.sent) == self.stands_still_at:
            self.clock.stand_still(2.0)
        attempt = super().post(body, user_agent, answered)
        self.left.append(self.clock.monotonic())
        self.answers(body.decode())
        return attempt


@dataclass
class Storm:
    """A vendor of some latency, and always more to send than it takes."""

    rate: float | None = 250.0
    burst: int = 50
    latency: float = 0.05
    refuses_in: float | None = None
    """Seconds until a refusal, where it is not the latency."""
    refusal: int = 429
    retry_after: str = ""
    backlog: int = 80
    takes: Takes = takes_all
    taken: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = count()
        self.pool = TimedPool(answers=self._arrives)
        self.bench = Bench(
            limit=64, rate=self.rate, burst=self.burst, pool=self.pool, clock=self.pool.clock
        )

    def run(self, seconds: float) -> None:
        bench, ends = self.bench, self.bench.clock.monotonic() + seconds
        while bench.clock.monotonic() < ends - 1e-6:
            for _ in range(self.backlog - len(self.pool.wire) - bench.queue.waiting):
                bench.submit(f"event-{next(self.names)}")
            bench.clock.advance(0.02)

    def _arrives(self, name: str) -> None:
        clock = self.bench.clock
        if self.takes(clock.monotonic()):
            self.taken.append(clock.monotonic())
            answer, wait = Answer(200), self.latency
        else:
            answer = Answer(self.refusal, None, self.retry_after)
            wait = self.latency if self.refuses_in is None else self.refuses_in
        clock.call_later(wait, partial(self.pool.answer, name, answer))

    def pace(self, seconds: float) -> float:
        """Requests taken per second, of late."""
        begins = self.bench.clock.monotonic() - seconds
        return sum(time > begins for time in self.taken) / seconds

    def settled(self) -> list[float]:
        """30 s of storm, and then the pace of each of three times ten seconds."""
        self.run(30)
        paces = []
        for _ in range(3):
            self.run(10)
            paces.append(self.pace(10))
        return paces

    def lifted(self) -> float:
        """The vendor takes everything again: the seconds until the pace is 225/s."""
        self.takes = takes_all
        for seconds in range(1, 100):
            self.run(1)
            if self.pace(1) >= 225:
                return seconds
        return inf


WITHIN_20_PERCENT = {5: (4, 6), 20: (16, 24), 60: (48, 72), 225: (180, 270)}
LIMITS = pytest.mark.parametrize("limit", list(WITHIN_20_PERCENT))


def a_storm(
    limit: int, counts: Callable[[int, Clock], Takes], ceiling: float | None = 250.0
) -> Storm:
    """Ten seconds after it was still well."""
    storm = Storm(ceiling)
    storm.run(10)
    storm.takes = counts(limit, storm.bench.clock)
    return storm


def is_within(paces: list[float], limit: int) -> bool:
    least, most = WITHIN_20_PERCENT[limit]
    return all(least <= pace <= most for pace in paces)


@LIMITS
@pytest.mark.parametrize("counts", [by_the_sandbox, by_the_second, by_the_last_second])
def test_a_429_storm_settles_near_the_true_limit_in_half_a_minute_and_is_over_in_a_minute(
    limit: int, counts: Callable[[int, Clock], Takes]
) -> None:
    storm = a_storm(limit, counts)
    paces = storm.settled()
    assert is_within(paces, limit), paces
    assert storm.lifted() <= 55
    assert all(outcome.ended is Ended.DELIVERED for _, outcome in storm.bench.ended)


@LIMITS
def test_it_settles_where_no_ceiling_is_known(limit: int) -> None:
    storm = a_storm(limit, by_the_sandbox, ceiling=None)
    paces = storm.settled()
    assert is_within(paces, limit), paces
    storm.takes, storm.backlog = takes_all, 1
    storm.run(55)
    assert storm.bench.queue.limiter.rate == inf


@LIMITS
def test_it_settles_where_429_is_said_much_faster_than_yes(limit: int) -> None:
    storm = a_storm(limit, by_the_sandbox)
    storm.latency, storm.refuses_in = 0.2, 0.01
    paces = storm.settled()
    assert is_within(paces, limit), paces


@pytest.mark.parametrize("seconds", ["0", "1"])
def test_a_short_retry_after_costs_little(seconds: str) -> None:
    storm = a_storm(60, by_the_sandbox)
    storm.retry_after = seconds
    paces = storm.settled()
    assert is_within(paces, 60), paces
    assert storm.lifted() <= 56


def test_a_long_retry_after_is_honoured_and_costs_its_own_time_only() -> None:
    storm = a_storm(60, by_the_sandbox)
    storm.retry_after = "5"
    storm.run(60)
    # Nine seconds that creep from 54 to 60, and five of rest: 37 a second.
    assert 30 <= storm.pace(60) <= 45
    assert storm.lifted() <= 60


def test_one_refusal_after_another_with_nothing_taken_in_between_is_one_fall() -> None:
    storm = Storm()
    storm.run(5)
    storm.takes = lambda _: False
    storm.run(20)
    assert 225 <= storm.bench.queue.limiter.rate < 226, (
        "0.9 of what it was, and no growth meanwhile"
    )


def test_after_a_pause_one_request_shows_whether_it_goes_again() -> None:
    storm = Storm()
    storm.run(5)
    storm.takes, storm.retry_after = (lambda _: False), "2"
    storm.run(0.2)
    before = len(storm.pool.sent)
    storm.run(10)
    assert len(storm.pool.sent) - before == 4, "one each 2.05 s"


def most_in_any_second(times: list[float]) -> int:
    window: deque[float] = deque()
    most = 0
    for time in times:
        window.append(time)
        while window[0] <= time - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


def test_no_second_sees_more_than_rate_and_burst() -> None:
    storm = Storm()
    storm.run(10)
    assert 290 <= most_in_any_second(storm.pool.left) <= 300
    assert 245 <= storm.pace(8) <= 251
    assert storm.bench.queue.limiter.waited > 0


def test_nor_does_it_when_the_vendor_comes_back() -> None:
    storm = Storm(120.0, 30)
    storm.run(5)
    for _ in range(3):  # each time with a whole burst saved up
        storm.takes, storm.refusal = (lambda _: False), 503
        storm.run(20)
        storm.takes = takes_all
        storm.run(14)
    assert 140 <= most_in_any_second(storm.pool.left) <= 150
    assert storm.pace(2) >= 118


def test_nor_does_it_in_a_storm() -> None:
    storm = a_storm(60, by_the_second)
    storm.run(10)
    storm.takes = takes_all
    storm.run(60)
    assert most_in_any_second(storm.pool.left) <= 300


def test_nor_does_it_when_the_process_stands_still_while_it_sends() -> None:
    storm = Storm(120.0, 30)
    storm.bench.may_send = False
    storm.run(1)  # a whole burst is saved up
    storm.bench.may_send = True
    storm.pool.stands_still_at = 10
    storm.bench.clock.advance(0.05)
    sent = len(storm.pool.sent)
    assert sent >= 30
    storm.pool.left[:] = [storm.pool.left[-1]] * sent  # in one round of the loop
    storm.run(3)
    assert most_in_any_second(storm.pool.left) <= 150
    assert storm.pace(1) >= 118


def test_nor_does_it_when_the_process_stood_still() -> None:
    storm = Storm(120.0, 30)
    storm.run(5)
    for seconds in (0.1, 0.3, 2.0, 60.0):
        storm.bench.clock.stand_still(seconds)
        storm.run(2)
    assert most_in_any_second(storm.pool.left) <= 150
