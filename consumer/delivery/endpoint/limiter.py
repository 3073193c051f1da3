"""Limits how fast requests start: a token bucket whose rate follows what the vendor accepts.

The rate is the ceiling of the settings until a 429 shows a lower one. Then the rate drops to a
little below what was delivered of late, creeps up from there, and faster the longer nothing is
refused: near the vendor's limit it stays near it (a refusal each ten seconds or so), and soon after
the limit is lifted it is gone.
"""

from collections import deque
from math import inf, log

FALL_TO = 0.9
"""Of what was delivered in the last second. One step never falls below half."""
LEAST = 1.0
"""Requests per second of the whole group that are always tried."""
CREEP = 0.005
"""Of the rate after the last fall, per second; doubles every `DOUBLING` seconds ..."""
DOUBLING = 4.0
"""... which makes good the fall to 0.9 in 9 s, and a fall to a tenth in 33 s ..."""
FORGET = 50.0
"""... until, after this many seconds, the ceiling alone counts again."""
ADAPTED_BURST = 0.1
"""Seconds' worth of requests that may start at once while the rate is below the ceiling."""
_GROWTH = CREEP * DOUBLING / log(2.0)
"""The integral of the growth over t seconds is this times (2 ** (t / DOUBLING) - 1)."""


class Limiter:
    """Pure: times come in as arguments (monotonic seconds). A ceiling of None is no limit, until
    the vendor shows one. In any second at most `ceiling + burst` requests start, of which this
    process may have a part only (`share`)."""

    __slots__ = (
        "_burst",
        "_delivered",
        "_due_at",
        "_fell_to",
        "_filled_at",
        "_grows_at",
        "_known",
        "_part",
        "_short_at",
        "_tokens",
        "_whole",
        "_whole_burst",
        "ceiling",
        "rate",
        "waited",
    )

    def __init__(self, ceiling: float | None, burst: int, now: float) -> None:
        self._whole = self.ceiling = inf if ceiling is None else ceiling
        self._whole_burst = self._burst = float(burst)
        self._part = 1.0
        self._known = self._whole  # what the vendor is thought to take from the whole group
        self.rate = self.ceiling
        """Requests per second that may start now."""
        self._tokens = self._burst
        self._filled_at = now
        self._fell_to = inf  # of the whole group, like `_known`
        self._grows_at = -inf  # since when nothing was refused, and no pause asked for
        self._delivered: deque[float] = deque()  # times, of the last second
        self._short_at = -1.0  # since when the next request waits for a token, and until when
        self._due_at = 0.0
        self.waited = 0.0
        """Seconds in which a request waited for the rate, and for nothing else."""

    def opens(self, now: float) -> float:
        """The time at which the next request may start; not after `now` for at once."""
        if self.rate == inf:
            return 0.0
        self._fill(now)
        if self._tokens >= 1.0 and self.rate:
            return 0.0
        due = now + (1.0 - self._tokens) / self.rate if self.rate else inf
        if self._short_at < 0.0:
            self._short_at, self._due_at = now, due
        return due

    def started(self, now: float) -> None:
        if self._short_at >= 0.0:
            self.waited += max(0.0, min(now, self._due_at) - self._short_at)
            self._short_at = -1.0
        if self.rate != inf:
            self._tokens -= 1.0

    def left(self, count: int, now: float) -> None:
        """The last `count` that started have left by `now`. A process that stood still in between
        gets no tokens for it beyond the burst: they leave with what comes after."""
        if self.rate != inf:
            self._tokens += count
            self._fill(now)
            self._tokens -= count

    def share(self, part: float, now: float) -> None:
        """From now on this process has `part` (0 to 1) of the ceiling and the burst, if there is a
        ceiling, and of what the vendor showed to take from the group. A larger part gives no
        tokens: they come at the new pace."""
        if self._whole == inf:
            return
        self._fill(now)
        self._part = part
        self.ceiling = self._whole * part
        self.rate = self._known * part
        # Below one no request could ever start.
        self._burst = max(1.0, self._whole_burst * part)
        self._tokens = min(self._tokens, self._burst if part else 0.0)

    def of_late(self, now: float) -> int:
        """Events delivered in the last second."""
        self._forget(now)
        return len(self._delivered)

    def delivered(self, now: float) -> None:
        self._delivered.append(now)
        self._forget(now)

    def refused(self, now: float, until: float, in_flight: int) -> None:
        """The vendor said 429 to a request that was let through at this rate, with `in_flight`
        others not answered yet. Nothing starts before `until`. Call it once for all that were under
        way together, and `held` where nothing was taken since the last time."""
        self._fill(now)
        of_late = float(self.of_late(now))
        if self.rate == inf:
            known = FALL_TO * (of_late + in_flight)
        else:
            # The one that was refused may be the first above the limit.
            of_late = (of_late + 1.0) / self._part if self._part else inf
            known = max(self._known / 2, FALL_TO * min(self._known, of_late))
        self._known = max(min(LEAST, self._whole), known)
        self.rate = self._known * self._part
        self._wait(until)

    def held(self, now: float, until: float) -> None:
        """Nothing starts before `until`, which says nothing about the rate: the vendor refuses
        whatever comes, as it does until the second, or minute, that it counts by is over."""
        self._fill(now)
        self._wait(until)

    def _wait(self, until: float) -> None:
        self._fell_to = self._known
        self._grows_at = until
        # The first one after the pause shows whether it goes again.
        self._tokens = min(self._tokens, 1.0)

    def _forget(self, now: float) -> None:
        delivered = self._delivered
        while delivered and delivered[0] <= now - 1.0:
            delivered.popleft()

    def _fill(self, now: float) -> None:
        passed = now - self._filled_at
        if passed <= 0.0:
            return
        self._filled_at = now
        if self._known < self._whole:
            self._grow(now - self._grows_at)
        room = self._burst
        if self.rate < self.ceiling:
            room = min(room, max(1.0, self.rate * ADAPTED_BURST))
        self._tokens = min(room, self._tokens + passed * min(self.rate, 1e9))

    def _grow(self, seconds: float) -> None:
        """`seconds` have passed since requests may start again."""
        if seconds >= FORGET:
            self._known = self._whole
        elif seconds > 0.0:
            grown = self._fell_to * (1.0 + _GROWTH * (2.0 ** (seconds / DOUBLING) - 1.0))
            self._known = min(self._whole, grown)
        self.rate = self._known * self._part
