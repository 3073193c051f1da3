"""Asks which topic a name means: one that is deleted and made anew keeps its name, not its id.

The records that ended above a committed offset are remembered with the id of their topic
(`commit.completed_map`): without it, the same offsets of a new topic would be skipped. librdkafka's
consumer does not know ids, an admin client does; it is asked in a thread of its own, since an
assignment must not wait for what only a later commit needs.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from consumer.model import Partition
from consumer.privacy.kafka_answers import as_kafka_error

log = structlog.get_logger()

REQUEST_SECONDS = 3.0
ASK_AGAIN_SECONDS = 30.0

_NONE = "A" * 22
"""Sixteen zero bytes: a broker older than Kafka 2.8, which gives topics no id."""


def ask_topic_ids(admin: AdminClient, topics: Iterable[str]) -> dict[str, str]:
    """Topic ids as Kafka's tools print them, by name; what Kafka does not tell is left out.

    Blocks for REQUEST_SECONDS at most; raises what the client raises where it cannot even be asked.
    Not for a call-back of librdkafka.
    """
    asked = TopicCollection(sorted(set(topics)))
    found = {}
    for name, answer in admin.describe_topics(asked, request_timeout=REQUEST_SECONDS).items():
        try:
            found[name] = str(answer.result().topic_id)
        except Exception as error:  # noqa: BLE001 an answer of any kind is unknown, try again
            log.debug(
                "Kafka does not tell a topic's id", topic=name, error=as_kafka_error(error).name()
            )
    return {name: topic_id for name, topic_id in found.items() if topic_id != _NONE}


class TopicIds:
    """Gives every new `Partition` its `topic_id`, as soon as Kafka has answered.

    To be used from the source's thread only.
    """

    def __init__(
        self, make_admin: Callable[[], AdminClient], monotonic: Callable[[], float]
    ) -> None:
        self._make_admin = make_admin
        self._monotonic = monotonic
        self._elsewhere = ThreadPoolExecutor(1, "topic-ids")
        self._waiting: list[Partition] = []
        self._asked: list[Partition] = []
        self._answer: Future[Mapping[str, str]] | None = None
        self._ask_at = 0.0

    def add(self, partitions: Iterable[Partition], *, at_once: bool) -> None:
        """New assignments. With `at_once` their ids are waited for: what is known of the former
        run can be used only with them."""
        self._waiting += partitions
        self._ask_at = self._monotonic()
        if at_once:
            if self._answer is not None:
                self._take(self._answer)
            self._take(self._ask())

    def look_after(self) -> None:
        """Take what was answered, ask what is due. For every round of the poll loop."""
        if self._answer is not None:
            if self._answer.done():
                self._take(self._answer)
        elif self._waiting and self._monotonic() >= self._ask_at:
            self._ask()

    def close(self) -> None:
        """A request that is under way is left to its time-out."""
        self._elsewhere.shutdown(wait=False)

    def _ask(self) -> Future[Mapping[str, str]]:
        self._asked, self._waiting = self._waiting, []
        topics = {partition.topic for partition in self._asked}
        self._answer = self._elsewhere.submit(self._told, topics)
        return self._answer

    def _told(self, topics: Iterable[str]) -> Mapping[str, str]:
        try:
            return ask_topic_ids(self._make_admin(), topics)
        except Exception as error:  # noqa: BLE001 an answer of any kind is unknown, try again
            log.debug("Kafka cannot be asked for topic ids", error=as_kafka_error(error).name())
            return {}

    def _take(self, answer: Future[Mapping[str, str]]) -> None:
        self._answer = None
        ids = answer.result()
        for partition in self._asked:
            partition.topic_id = ids.get(partition.topic, "")
        unknown = [each for each in self._asked if not each.topic_id and each.active]
        if unknown:
            self._waiting += unknown
            self._ask_at = self._monotonic() + ASK_AGAIN_SECONDS
