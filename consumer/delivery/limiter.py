"""How fast requests may start: a token bucket whose rate follows what the vendor accepts.

Up to the ceiling from the settings, until a 429 tells of a lower one. Then the rate drops to a
little below what was delivered of late, creeps up from there, and faster the longer nothing is
refused: near the vendor's limit it stays near it, and soon after the limit is lifted it is gone.
"""

from math import inf

FALL_TO = 0.9
"""Of what was delivered in the last second. One step never falls below half."""
LEAST = 5.0
"""Requests per second that are always tried."""
CREEP = 0.02
"""Of the rate after the last fall, per second; doubles every `DOUBLING` seconds ..."""
DOUBLING = 10.0
FORGET = 60.0
"""... until, after this many seconds, the ceiling alone counts again."""
ADAPTED_BURST = 0.1
"""Seconds' worth of requests that may start at once while the rate is below the ceiling."""


class Limiter:
    """Pure: times come in as arguments (monotonic seconds). A ceiling of None is no limit, until
    the vendor shows one. In any second at most `ceiling + burst` requests start, of which this
    process may have a part only (`share`)."""

    __slots__ = (
        "_before",
        "_burst",
        "_count",
        "_due_at",
        "_fell_at",
        "_fell_to",
        "_filled_at",
        "_short_at",
        "_tokens",
        "_whole",
        "_whole_burst",
        "_window",
        "ceiling",
        "rate",
        "waited",
    )

    def __init__(self, ceiling: float | None, burst: int, now: float) -> None:
        self._whole = self.ceiling = inf if ceiling is None else ceiling
        self._whole_burst = self._burst = float(burst)
        self.rate = self.ceiling
        """Requests per second that may start now."""
        self._tokens = self._burst
        self._filled_at = now
        self._fell_at = -inf
        self._fell_to = inf
        self._window = now  # deliveries are counted by seconds: this one and the one before
        self._count = 0
        self._before = 0
        self._short_at = -1.0  # since when the next request waits for a token, and until when
        self._due_at = 0.0
        self.waited = 0.0
        """Seconds in which a request waited for the rate, and for nothing else."""

    def opens(self, now: float) -> float:
        """When the next request may start; not after `now` for at once."""
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

    def share(self, part: float, now: float) -> None:
        """From now on this process has `part` (0 to 1) of the ceiling and the burst, if there is a
        ceiling. A larger part gives no tokens: they come at the new pace."""
        if self._whole == inf:
            return
        self._fill(now)
        at_ceiling = self.rate == self.ceiling
        self.ceiling = self._whole * part
        self.rate = self.ceiling if at_ceiling else min(self.rate, self.ceiling)
        # Below one no request could ever start.
        self._burst = max(1.0, self._whole_burst * part)
        self._tokens = min(self._tokens, self._burst if part else 0.0)

    def delivered(self, now: float) -> None:
        passed = now - self._window
        if passed >= 1.0:
            self._before = self._count if passed < 2.0 else 0
            self._window = now if passed >= 2.0 else self._window + 1.0
            self._count = 0
        self._count += 1

    def refused(self, now: float) -> None:
        """The vendor said 429. Call it once for all that were under way together."""
        passed = min(1.0, now - self._window)
        of_late = self._count + self._before * (1.0 - passed)
        if self.rate == inf:
            rate = FALL_TO * of_late
        else:
            self._fill(now)
            rate = max(self.rate / 2, FALL_TO * min(self.rate, of_late))
        self.rate = self._fell_to = max(min(LEAST, self.ceiling), rate)
        self._fell_at = now
        self._filled_at = now
        # The first one after the pause shows whether it goes again.
        self._tokens = min(self._tokens, 1.0)

    def _fill(self, now: float) -> None:
        passed = now - self._filled_at
        if passed <= 0.0:
            return
        self._filled_at = now
        if self.rate < self.ceiling:
            since = now - self._fell_at
            growth = self._fell_to * CREEP * 2.0 ** (since / DOUBLING) * passed
            self.rate = self.ceiling if since >= FORGET else min(self.ceiling, self.rate + growth)
        room = self._burst
        if self.rate < self.ceiling:
            room = min(room, max(1.0, self.rate * ADAPTED_BURST))
        self._tokens = min(room, self._tokens + passed * min(self.rate, 1e9))
