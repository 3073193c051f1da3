"""Counts the partitions that the members of the group share."""

from collections.abc import Callable, Sequence

from confluent_kafka import Consumer

from consumer.config.topics import is_pattern, matches

ASK_SECONDS = 60.0
"""Partitions are added rarely."""
ASK_AFTER_FAILURE_SECONDS = 5.0
ASK_TIMEOUT_SECONDS = 1.0
"""The poll loop waits for the answer."""


class Totals:
    """Of all topics that the group reads. `topics` are names, or patterns that begin with `^`."""

    def __init__(self, topics: Sequence[str], monotonic: Callable[[], float]) -> None:
        self._names = [topic for topic in topics if not is_pattern(topic)]
        self._patterns = [topic for topic in topics if is_pattern(topic)]
        self._monotonic = monotonic
        self._ask_at = 0.0
        self.partitions: int | None = None
        """None while Kafka has not answered. Read by other threads."""

    def look_after(self, consumer: Consumer) -> None:
        """Ask, now and then."""
        now = self._monotonic()
        if now < self._ask_at:
            return
        try:
            self.partitions = self._ask(consumer)
        except Exception:  # noqa: BLE001 an answer that cannot be read is none
            self._ask_at = now + ASK_AFTER_FAILURE_SECONDS
            return
        self._ask_at = now + ASK_SECONDS

    def _ask(self, consumer: Consumer) -> int:
        counts: dict[str, int] = {}
        for name in self._names:
            counts[name] = len(
                consumer.list_topics(name, ASK_TIMEOUT_SECONDS).topics[name].partitions
            )
        if self._patterns:
            for name, topic in consumer.list_topics(timeout=ASK_TIMEOUT_SECONDS).topics.items():
                if any(matches(pattern, name) for pattern in self._patterns):
                    counts[name] = len(topic.partitions)
        return sum(counts.values())
