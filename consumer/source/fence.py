"""The fence against stale sends: says whether the process may still act as a group member."""

from collections.abc import Callable

ASK_AGAIN_SECONDS = 1.0


class Fence:
    """Knows when the poll loop last moved *and* nothing spoke against our membership.

    A process that was stopped for longer than the session timeout wakes with its partitions in
    memory, and its first poll may well return before librdkafka hears that they belong to another
    member. So after a gap that long, polling alone proves nothing: a commit of the position already
    committed does, since the group answers it for its present members only. Until then the last
    poll stays as old as it is.

    `after` is the gap in seconds that raises doubt. `polled_at` may be read by any thread.
    """

    def __init__(self, after: float, monotonic: Callable[[], float]) -> None:
        self._after = after
        self._monotonic = monotonic
        self._asked_at: float | None = None
        self.polled_at = monotonic()

    def polled(self, *, holding: bool) -> bool:
        """Note a poll; `holding` is whether any partition is ours. True when membership has to be
        proven now."""
        now = self._monotonic()
        doubt = holding and (self._asked_at is not None or now - self.polled_at > self._after)
        if not doubt:
            self._asked_at = None
            self.polled_at = now
            return False
        if self._asked_at is not None and now - self._asked_at < ASK_AGAIN_SECONDS:
            return False
        self._asked_at = now
        return True

    def proven(self) -> None:
        """The group has accepted our commit. An answer that lay unread for long proves nothing."""
        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at <= self._after:
            self._asked_at = None
            self.polled_at = now
