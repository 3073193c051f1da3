"""Decides when to commit: after an interval, after enough requests, and on request (revoke, shutdown).

One commit is under way at a time; a failed one is repeated at the next turn with newer positions.
"""

from collections.abc import Callable, Iterable, Sequence

import structlog

from consumer.clock import Clock
from consumer.commit.tracker import Tracker
from consumer.model import Flight, Partition
from consumer.stages import Position, Positions
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

WARN_AFTER_SECONDS = 10.0
"""A group that rebalances refuses commits for about a second (ILLEGAL_GENERATION,
REBALANCE_IN_PROGRESS): that is weather, and a line for each would hide what is not."""


class Committer:
    """Implements `stages.Commit`.

    `send` commits asynchronously and is answered by `committed`. `threshold` is the number of ended
    and uncovered requests at which a commit does not wait for the interval.
    """

    def __init__(
        self,
        *,
        send: Callable[[Positions], None],
        interval: float,
        threshold: int,
        clock: Clock,
        tallies: Tallies,
    ) -> None:
        self._send = send
        self._interval = interval
        self._threshold = threshold
        self._clock = clock
        self._tallies = tallies
        self._trackers: dict[Partition, Tracker] = {}
        self._unacknowledged = 0
        self._ended_since = 0
        # Of the commit under way, which may be answered in parts.
        self._unanswered: set[Partition] = set()
        self._timer_set = False
        self._failing_since: float | None = None
        self._warned = False
        self.last_success: float | None = None
        """Monotonic time of the last acknowledged commit."""
        self.last_error = ""
        """Kafka's name of the last error that a commit was answered with."""

    @property
    def unacknowledged(self) -> int:
        return self._unacknowledged

    @property
    def failing_since(self) -> float | None:
        """Monotonic time of the first of the commits in a row that failed; None while they succeed."""
        return self._failing_since

    def assigned(self, starts: Positions) -> None:
        for partition, start in starts.items():
            tracker = self._trackers[partition] = Tracker(partition, start)
            if start.metadata and not tracker.restored:
                log.info(
                    "commit metadata is not of this topic, or not ours: all above the offset is sent",
                    partition=str(partition),
                    offset=start.offset,
                )

    def finished_before(self, partition: Partition, offset: int) -> bool:
        return self._trackers[partition].finished_before(offset)

    def admitted(self, flight: Flight) -> None:
        self._unacknowledged += flight.uncommitted_requests
        self._trackers[flight.partition].admitted(flight)

    def ended(self, flight: Flight) -> None:
        self._ended_since += flight.uncommitted_requests
        self._trackers[flight.partition].ended(flight)
        if self._ended_since >= self._threshold and not self._unanswered:
            self._commit()
        elif not self._timer_set:
            self._set_timer()

    def gap(self, partition: Partition) -> int:
        return self._trackers[partition].gap

    def positions(self, partitions: Iterable[Partition]) -> Positions:
        found: dict[Partition, Position] = {}
        for partition in partitions:
            tracker = self._trackers.get(partition)
            position = tracker.take_position() if tracker else None
            if position is not None:
                found[partition] = position
        return found

    def committed(self, positions: Positions, error: str | None) -> None:
        self._unanswered.difference_update(positions)
        self._tallies.counter("commits").add(("ok" if error is None else "error",))
        for partition in positions:
            tracker = self._trackers.get(partition)
            if tracker is not None:
                self._unacknowledged -= tracker.answered(error is None)
        if error is None:
            self._succeeded()
        else:
            self._failed(error)

    def forget(self, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            tracker = self._trackers.pop(partition, None)
            if tracker is not None:
                self._unacknowledged -= tracker.unacknowledged
        self._unanswered.difference_update(partitions)

    def _succeeded(self) -> None:
        self.last_success = self._clock.monotonic()
        self._failing_since = None
        if self._warned:
            self._warned = False
            log.info("commits succeed again")
        if self._ended_since >= self._threshold and not self._unanswered:
            self._commit()

    def _failed(self, error: str) -> None:
        self.last_error = error
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            log.debug("a commit failed, will be repeated", error=error)
        elif not self._warned and now - self._failing_since >= WARN_AFTER_SECONDS:
            self._warned = True
            seconds = round(now - self._failing_since)
            log.warning("commits fail, will be repeated", error=error, seconds=seconds)
        self._set_timer()

    def _set_timer(self) -> None:
        if not self._timer_set:
            self._timer_set = True
            self._clock.call_later(self._interval, self._interval_over)

    def _interval_over(self) -> None:
        self._timer_set = False
        if self._unanswered:
            self._set_timer()
        else:
            self._commit()

    def _commit(self) -> None:
        self._ended_since = 0
        positions = self.positions([p for p in self._trackers if p.active])
        if positions:
            self._unanswered = set(positions)
            self._send(positions)
        else:
            self._failing_since = None  # what failed is not ours any more
