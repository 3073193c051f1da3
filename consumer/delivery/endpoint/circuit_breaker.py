"""Decides when a queue may start its next request: circuit breaker, suspicion, pauses after 429.

    closed ───5 failures in a row──▶ down            one probe at a time, 0.5 s … 10 s apart
       │ ▲ ───401───────────────────▶ misconfigured  one probe at a time, 0.5 s … 30 s apart
       │ └─ any probe the endpoint takes
       └──403, 404, 3xx, …──▶ suspect ──another event fares likewise──▶ misconfigured
                                 └──another event is delivered──▶ closed; the first was at fault

`down` and `misconfigured` are the open states. Metrics and status export `closed` as `flowing`.

`down` and `misconfigured` are the open states. Metrics and status export `closed` as `flowing`.

Pure: knows numbers and times, no jobs, no timers. Attempts are numbered by the queue in the order of
their start, and an attempt started before the present state began says nothing about it.
"""

from enum import StrEnum
from math import inf
from random import Random
from typing import Final

FAILURES_TO_STOP = 5
"""Consecutive transient failures, of different events, that no success interrupted."""
FIRST_PROBE = 0.5
LONGEST_DOWN = 10.0
LONGEST_MISCONFIGURED = 30.0
STEADY = 10.0
"""Seconds of flowing after which a stop is a new one: an endpoint that takes one event and then
fails again is not asked every half second."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds. Pauses after 429 without `Retry-After`; the vendor documents none, and blocks "until the
rate limit window resets" (reference, rate limits)."""


class State(StrEnum):
    CLOSED = "flowing"
    SUSPECT = "suspect"
    DOWN = "down"
    MISCONFIGURED = "misconfigured"


CLOSED: Final = State.CLOSED
"""Looked at several times per event: to find a member of an enum takes Python 3.11 0.3 µs."""


class CircuitBreaker:
    __slots__ = (
        "_attempt",
        "_interval",
        "_last_failed",
        "_next_probe_at",
        "_paused_attempt",
        "_rng",
        "_streak",
        "paused_until",
        "pauses",
        "since",
        "state",
    )

    def __init__(self, rng: Random, now: float) -> None:
        self._rng = rng
        self.state = CLOSED
        self.since = now
        self._attempt = 0  # the last one started before the present state began
        self._interval = 0.0
        self._next_probe_at = 0.0
        self._streak = 0
        self._last_failed = 0
        self.pauses = 0
        """After 429, in a row: nothing was taken in between."""
        self._paused_attempt = 0  # the last one started before the last pause
        self.paused_until = 0.0

    @property
    def stopped(self) -> bool:
        return self.state is State.DOWN or self.state is State.MISCONFIGURED

    @property
    def probing(self) -> bool:
        """True if the next request is a probe: no other starts until it is answered."""
        return self.state is not CLOSED or self.pauses > 0

    def paused(self, now: float) -> bool:
        return now < self.paused_until

    def opens(self, now: float, *, probe: bool, in_flight: int) -> float:
        """The time at which the next request may start: not after `now` for at once, `inf` for
        after the next answer. `probe` is whether one started in the present state is under way."""
        if self.paused_until > now:
            return self.paused_until
        if self.state is CLOSED:
            return inf if self.pauses and probe else 0.0
        if self.state is State.SUSPECT:
            return inf if probe else 0.0
        return inf if in_flight else self._next_probe_at

    def next_probe_at(self) -> float:
        """The time at which a suspect queue may try an unresolved event again, for want of any other."""
        return self._next_probe_at

    # --- what attempts say

    def succeeded(self, attempt: int, now: float) -> bool:
        """The endpoint took an event. Whether that puts an end to a stop or a suspicion."""
        self._streak = 0
        self._last_failed = 0
        if attempt > self._paused_attempt:
            self.pauses = 0
        if attempt > self._attempt and self.state is not CLOSED:
            self._change(CLOSED, attempt, now)
            return True
        return False

    def failed(self, attempt: int, event: int, latest: int, now: float, wait: float) -> None:
        """A transient failure of the event numbered `event`. `latest` is the number of the last
        attempt started, `wait` what the server asked for (0 if nothing)."""
        if self.stopped:
            if attempt > self._attempt:
                self._widen(State.DOWN, latest, now, wait)
            return
        if event != self._last_failed:  # one event that fails for ever is not an outage
            self._streak += 1
            self._last_failed = event
        if self._streak >= FAILURES_TO_STOP:
            self._stop(State.DOWN, latest, now, wait)

    def misconfigured(self, attempt: int, latest: int, now: float) -> None:
        """An answer that no event can change."""
        if not self.stopped:
            self._stop(State.MISCONFIGURED, latest, now, 0.0)
        elif attempt > self._attempt:
            self._widen(State.MISCONFIGURED, latest, now, 0.0)

    def suspected(self, attempt: int, latest: int, now: float, *, fresh: bool) -> None:
        """An answer that may be about this event or about all. `fresh` is whether it was the
        event's first attempt: only such a one can confirm the suspicion against the endpoint."""
        if self.stopped:
            if attempt > self._attempt:
                self._widen(State.MISCONFIGURED, latest, now, 0.0)
        elif self.state is CLOSED:
            self._stop(State.SUSPECT, latest, now, 0.0)
        elif attempt > self._attempt:
            if fresh:
                self._stop(State.MISCONFIGURED, latest, now, 0.0)
            else:
                self._widen(State.SUSPECT, latest, now, 0.0)

    def throttled(self, attempt: int, latest: int, now: float, wait: float | None) -> bool:
        """429: pause everything, for as long as the server says, else for a growing while. False
        if the attempt was under way together with one that has been refused already."""
        first = attempt > self._paused_attempt
        if first:
            self._paused_attempt = latest
            self.pauses += 1
            if wait is None:
                bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.pauses - 1, 10))
                wait = self._rng.uniform(bound / 2, bound)
        self.paused_until = max(self.paused_until, now + (wait or 0.0))
        return first

    # --- transitions

    def _change(self, state: State, attempt: int, now: float) -> None:
        if state is not self.state:
            self.state = state
            self.since = now
        self._attempt = attempt

    def _stop(self, state: State, latest: int, now: float, wait: float) -> None:
        self._streak = 0
        if now - self.since < STEADY and self._interval:
            self._widen(state, latest, now, wait)
            return
        self._change(state, latest, now)
        self._interval = FIRST_PROBE
        self._next_probe_at = now + max(wait, self._interval)

    def _widen(self, state: State, latest: int, now: float, wait: float) -> None:
        self._change(state, latest, now)
        longest = LONGEST_DOWN if state is State.DOWN else LONGEST_MISCONFIGURED
        self._interval = min(self._interval * 2, longest)
        # Replicas that went down together should not come back in step.
        self._next_probe_at = now + max(wait, self._interval * self._rng.uniform(0.8, 1.2))
