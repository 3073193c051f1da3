"""Resolved start positions on their way into the group's offsets."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer, TopicPartition

from consumer.source.assignment import Key
from consumer.source.commits import Commits
from consumer.stages import Position

log = structlog.get_logger()

RETRY_SECONDS = 1.0


class UncommittedStarts:
    """Commits resolved starts until Kafka has acknowledged them, then says so by `committed`.

    Without that, what arrives between a start at `latest` and the first commit would be skipped by
    a restart in between: it would resolve `latest` once more. `known` asks for committed offsets.
    """

    def __init__(
        self,
        commits: Commits,
        *,
        known: Callable[[Consumer, Sequence[Key]], Mapping[Key, Position]],
        committed: Callable[[Key], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._commits = commits
        self._known = known
        self._committed = committed
        self._monotonic = monotonic
        self._own: dict[Key, Position] = {}
        self._others: dict[Key, Position] = {}
        self._send_at: float | None = None

    def add(self, starts: Mapping[Key, Position], own: Iterable[Key]) -> None:
        """`own` are the partitions of ours among `starts`; the others are for other members."""
        mine = set(own)
        for key, start in starts.items():
            (self._own if key in mine else self._others)[key] = start
        self._send_at = self._monotonic()

    def forget_all(self, partitions: Iterable[TopicPartition]) -> None:
        """Not ours any more: their present owner commits their starts."""
        for each in partitions:
            self._own.pop((each.topic, each.partition), None)

    def look_after(self, consumer: Consumer) -> None:
        """Send what is due."""
        if self._send_at is None or self._monotonic() < self._send_at:
            return
        self._send_at = None
        if not self._own:
            self._others.clear()
            return
        if self._others:
            # their owners may have begun, and must not be thrown back
            for key in self._known(consumer, list(self._others)):
                del self._others[key]
        self._commits.send(consumer, {**self._others, **self._own}, self._answered)

    def _answered(self, keys: Sequence[Key], error: str | None) -> None:
        if error is not None:
            log.warning("start positions are not committed yet, trying again", error=error)
            self._send_at = self._monotonic() + RETRY_SECONDS
            return
        for key in keys:
            self._others.pop(key, None)
            if self._own.pop(key, None) is not None:
                self._committed(key)
