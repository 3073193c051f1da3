"""Finds where reading begins, and where it goes on when the committed offset is not in the log.

Four cases, each with its own setting, since each has its own danger (old events make mails to
people, skipped ones are lost):

    no_offset      the group has no committed offset in the whole topic: it reads it for the first time
    new_topic      the same, of a topic that fits a pattern, while the group has committed offsets in
                   other topics that fit it: this one appeared later
    new_partition  the group has offsets in other partitions of the topic: this one was added later
    out_of_range   the committed offset is no longer, or not yet, in the log

Where the group reads for the first time, the start of *every* partition is committed at once, also of
those that another member holds, and of all topics that fit the same pattern. Members that join
together then see either no offset or all of them, and never take each other's half-done start for an
added partition or topic.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, TopicMetadata

from consumer.config.settings import StartSettings
from consumer.config.topics import is_pattern, matches
from consumer.errors import BridgeError, FatalError, KafkaSetupError
from consumer.privacy.kafka_answers import as_kafka_error
from consumer.source.assignment import Key
from consumer.source.faults import ErrorLog, ending
from consumer.stages import Position

T = TypeVar("T")

REQUEST_SECONDS = 5.0
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 120.0
"""Seconds to go on asking while Kafka does not answer. Must stay below `max.poll.interval.ms`."""

SHOWN = 5
"""Partitions named in an error text; the rest is a number."""

_NAMED = {"earliest": OFFSET_BEGINNING, "latest": OFFSET_END}


class Rules(NamedTuple):
    """Each is None for `error`, OFFSET_BEGINNING, OFFSET_END, or a time in epoch milliseconds."""

    no_offset: int | None
    new_topic: int | None
    new_partition: int | None
    out_of_range: int | None


def read_rules(start: StartSettings) -> Rules:
    """The settings, whose times are known to have their zone, as Kafka asks for them."""
    return Rules(
        _rule(start.no_offset),
        _rule(start.new_topic),
        _rule(start.new_partition),
        _rule(start.out_of_range),
    )


StartSetting = Literal["no_offset", "new_topic", "new_partition"]


def start_setting(
    topic: str, subscription: Collection[str], committed: Collection[str]
) -> StartSetting:
    """The setting that says where partitions of `topic` without a committed offset begin.

    `subscription` holds names and patterns, `committed` the topics in which the group has committed
    offsets. A topic that the subscription names was added by a person: it is no new topic.
    """
    if topic in committed:
        return "new_partition"
    if topic not in subscription and any(
        other in committed for other in siblings(topic, subscription, committed)
    ):
        return "new_topic"
    return "no_offset"


def siblings(topic: str, subscription: Collection[str], topics: Iterable[str]) -> list[str]:
    """Those of `topics` that fit a pattern which `topic` fits."""
    patterns = [name for name in subscription if is_pattern(name) and matches(name, topic)]
    return [other for other in topics if any(matches(pattern, other) for pattern in patterns)]


def _rule(text: str) -> int | None:
    if text == "error":
        return None
    if text in _NAMED:
        return _NAMED[text]
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class StartPositions:
    """Finds start positions by asking Kafka; blocks the source's thread while it does.

    `topics` are those of the subscription. `stopping` ends the waiting when the process is about to
    close.
    """

    def __init__(
        self,
        rules: Rules,
        group: str,
        topics: Sequence[str],
        *,
        make_admin: Callable[[], AdminClient],
        stopping: threading.Event,
        errors: ErrorLog,
        monotonic: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._group = group
        self._topics = topics
        self._make_admin = make_admin
        self._stopping = stopping
        self._errors = errors
        self._monotonic = monotonic

    def committed(self, consumer: Consumer, keys: Sequence[Key]) -> dict[Key, Position]:
        """Committed positions of the group; partitions without one are left out."""
        asked = [TopicPartition(*key) for key in keys]
        answers = self._ask_each(
            "committed offsets", lambda: consumer.committed(asked, timeout=REQUEST_SECONDS)
        )
        return {
            (each.topic, each.partition): Position(each.offset, each.metadata or "")
            for each in answers
            if each.offset >= 0
        }

    def find(self, consumer: Consumer, keys: Sequence[Key]) -> dict[Key, Position]:
        """The starts of partitions without a committed offset. All that is found has to be committed
        before the first record is taken: of a topic read for the first time it covers every
        partition.
        """
        wanted: dict[Key, int] = {}
        known: dict[Key, Position] = {}
        for topic in sorted({topic for topic, _ in keys}):
            missing = [key for key in keys if key[0] == topic]
            if all(key in wanted for key in missing):
                continue
            all_of_it = self._partitions(topic)
            related = [*all_of_it, *missing, *self._partitions_of_siblings(topic)]
            committed = self.committed(consumer, related)
            # Another member may have committed them since they were found missing.
            known.update({key: committed[key] for key in missing if key in committed})
            missing = [key for key in missing if key not in committed]
            if not missing:
                continue
            setting = start_setting(topic, self._topics, {name for name, _ in committed})
            rule: int | None = getattr(self._rules, setting)
            if rule is None:
                raise KafkaSetupError(
                    f"the group `{self._group}` has no committed offset for {_listed(missing)}: "
                    f"{start_remedy(setting)}"
                )
            begun = {"no_offset": related, "new_topic": [*all_of_it, *missing]}
            wanted.update(dict.fromkeys(begun.get(setting, missing), rule))
        return {**self._offsets(consumer, wanted), **known}

    def find_again(self, consumer: Consumer, key: Key, offset: int) -> Position:
        """The offset to go on at when `offset` is not in the log of this partition."""
        rule = self._rules.out_of_range
        if rule is None:
            raise KafkaSetupError(
                f"offset {offset} of {_listed([key])} is not in the log (its retention has passed, or "
                f"the topic was made anew): {start_remedy('out_of_range')}"
            )
        return self._offsets(consumer, {key: rule})[key]

    def _partitions(self, topic: str) -> list[Key]:
        answer = self._ask(
            "partitions", lambda: self._list_topic(topic), lambda found: [found.error]
        )
        return [(topic, number) for number in sorted(answer.partitions)]

    def _partitions_of_siblings(self, topic: str) -> list[Key]:
        if topic in self._topics:
            return []
        found = self._ask("topics", self._list_topics, lambda _: ())
        others = siblings(topic, self._topics, found)
        return [(other, number) for other in others for number in sorted(found[other].partitions)]

    def _list_topic(self, topic: str) -> TopicMetadata:
        return self._list_topics(topic)[topic]

    def _list_topics(self, topic: str | None = None) -> Mapping[str, TopicMetadata]:
        """Not by the consumer: inside a call-back its `list_topics` takes the thread's state away
        from the `consume` around it, and the next call-back aborts the process; from another thread
        it would wait for that `consume` to end (confluent-kafka 2.16)."""

        def ask() -> Mapping[str, TopicMetadata]:
            admin = self._make_admin()
            if topic is None:
                found: Mapping[str, TopicMetadata] = admin.list_topics(
                    timeout=REQUEST_SECONDS
                ).topics
            else:
                found = admin.list_topics(topic, REQUEST_SECONDS).topics
            return found

        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(ask).result()

    def _offsets(self, consumer: Consumer, wanted: Mapping[Key, int]) -> dict[Key, Position]:
        """Turn rules into offsets. A time behind the last record means the end."""
        found = self._ask_offsets(consumer, wanted)
        behind = {key: OFFSET_END for key, offset in found.items() if offset < 0}
        found.update(self._ask_offsets(consumer, behind))
        return {key: Position(offset) for key, offset in found.items()}

    def _ask_offsets(self, consumer: Consumer, wanted: Mapping[Key, int]) -> dict[Key, int]:
        if not wanted:
            return {}
        asked = [TopicPartition(*key, rule) for key, rule in wanted.items()]
        answers = self._ask_each(
            "offsets", lambda: consumer.offsets_for_times(asked, timeout=REQUEST_SECONDS)
        )
        return {(each.topic, each.partition): each.offset for each in answers}

    def _ask_each(self, what: str, ask: Callable[[], list[TopicPartition]]) -> list[TopicPartition]:
        return self._ask(what, ask, lambda found: [each.error for each in found])

    def _ask(
        self, what: str, ask: Callable[[], T], errors: Callable[[T], Iterable[KafkaError | None]]
    ) -> T:
        """Repeat a request until Kafka answers it in all its parts."""
        gives_up = self._monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = ask()
                error = next(filter(None, errors(answer)), None)
                if error is None:
                    return answer
            except BridgeError:
                raise
            except Exception as raised:  # noqa: BLE001 an answer that cannot be read is none
                error = as_kafka_error(raised)
            if (end := ending(error, connected=True)) is not None:
                raise end
            if self._stopping.wait(PAUSE_SECONDS) or self._monotonic() > gives_up:
                raise FatalError(f"Kafka does not tell the {what}: {error.name()}")
            self._errors.note(f"Kafka does not tell the {what}, asking again", error)


def _listed(keys: Sequence[Key]) -> str:
    shown = ", ".join(f"{topic}/{number}" for topic, number in sorted(keys)[:SHOWN])
    return shown if len(keys) <= SHOWN else f"{shown} and {len(keys) - SHOWN} more"


def start_remedy(setting: str) -> str:
    """The change that helps where `start.<setting>` is `error`."""
    return (
        f"set `start.{setting}` to `latest` (new records only) or `earliest` (all that Kafka still "
        "holds), or choose a position with `yespo-bridge offsets set --to ...`"
    )
