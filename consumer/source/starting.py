"""Resolved start positions on their way into the group's offsets."""

from collections.abc import Callable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer

from consumer.source.assignment import Key
from consumer.source.commits import Commits
from consumer.stages import Position

log = structlog.get_logger()

RETRY_SECONDS = 1.0


class UncommittedStarts:
    """Commits resolved starts until Kafka has acknowledged them, then says so by `committed`.

    Without that, what arrives between a start at `latest` and the first commit would be skipped by
    a restart in between: it would resolve `latest` once more.
    """

    def __init__(
        self, commits: Commits, committed: Callable[[Key], None], monotonic: Callable[[], float]
    ) -> None:
        self._commits = commits
        self._committed = committed
        self._monotonic = monotonic
        self._waiting: dict[Key, Position] = {}
        self._send_at: float | None = None

    def add(self, starts: Mapping[Key, Position]) -> None:
        self._waiting.update(starts)
        self._send_at = self._monotonic()

    def forget(self, key: Key) -> None:
        """Not ours any more: whoever has it now commits its start."""
        self._waiting.pop(key, None)

    def look_after(self, consumer: Consumer) -> None:
        """Send what is due."""
        if self._send_at is None or self._monotonic() < self._send_at:
            return
        self._send_at = None
        if self._waiting:
            self._commits.send(consumer, dict(self._waiting), self._answered)

    def _answered(self, keys: Sequence[Key], error: str | None) -> None:
        if error is not None:
            log.warning("start positions are not committed yet, trying again", error=error)
            self._send_at = self._monotonic() + RETRY_SECONDS
            return
        for key in keys:
            self._waiting.pop(key, None)
            self._committed(key)
