"""The Kafka source: a thread that owns the consumer, and a mailbox to tell it what to do."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from consumer.config.budgets import stale_seconds
from consumer.config.settings import StartSettings
from consumer.credentials.kafka_login import KafkaLogin
from consumer.errors import ConfigError
from consumer.model import Partition
from consumer.privacy.kafka_answers import observing
from consumer.privacy.safe_traceback import as_fatal
from consumer.source import properties
from consumer.source.assignment import Key
from consumer.source.connect import wait_for_topics
from consumer.source.faults import ErrorLog
from consumer.source.fence import Fence
from consumer.source.fetch import FetchFailure, FetchFailures
from consumer.source.member import Member
from consumer.source.outbox import Outbox
from consumer.source.positions import StartPositions, read_rules
from consumer.source.statistics import PartitionLag
from consumer.source.topic_ids import TopicIds
from consumer.source.totals import Totals
from consumer.stages import Positions, SourceListener
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

FENCE_SECONDS = 15.0
"""A gap between polls that makes us ask the group whether we are still in it. Longer than a drain on
revoke, which blocks the poll; never longer than the poll may be old (`stale_seconds`)."""

FAILED_PAUSE_SECONDS = 0.05
"""Between polls once a fault was reported: a dead client answers at once, and would spin."""

LEAVE_GROUP_SECONDS = 5.0
"""Beyond the budget of `close`, for leaving the group. The thread is left to itself after that."""


class KafkaSource:
    """Implements `stages.Source`. `topics` are names, or patterns that begin with `^`.

    `kafka` is the user's section, `drain_seconds` is `drain.revoke`. Raises ConfigError where one of
    them cannot be used.
    """

    def __init__(
        self,
        kafka: Mapping[str, properties.Value],
        topics: Sequence[str],
        *,
        start: StartSettings,
        drain_seconds: float,
        tallies: Tallies,
        make_consumer: Callable[..., Consumer] = Consumer,
        make_admin: Callable[..., AdminClient] = AdminClient,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if problems := properties.refused(kafka):
            raise ConfigError("\n".join(f"kafka.{key}: {reason}" for key, reason in problems))
        self._properties = properties.effective(kafka)
        self._topics = list(topics)
        self._totals = Totals(self._topics, monotonic)
        self._rules = read_rules(start)
        self._drain_seconds = drain_seconds
        self._tallies = tallies
        self._make_consumer = make_consumer
        self._login = KafkaLogin(kafka, monotonic)
        self._make_admin: Callable[[], AdminClient] = lambda: make_admin(
            self._login.properties(), logger=_ClientLog()
        )
        self._monotonic = monotonic
        self.stale_seconds = stale_seconds(kafka)
        """For `polled_within`: an older poll proves nothing about whose our partitions are."""
        self._fence = Fence(min(FENCE_SECONDS, self.stale_seconds), monotonic)
        self._errors = ErrorLog(tallies, monotonic)
        self._fetch_failures = FetchFailures(monotonic)
        self._commands: deque[Callable[[], None]] = deque()
        self._closing: tuple[Positions, float] | None = None
        self._stopping = threading.Event()
        self._failed = False
        self._moved_at = monotonic()
        self.joined = False
        """Kafka was reached, its topics found and subscribed to."""
        self._member: Member
        self._outbox: Outbox
        self._thread = threading.Thread(target=self._run, name="kafka-source", daemon=True)

    # ---- stages.Source, called by others -----------------------------------------------------

    def start(self, listener: SourceListener) -> None:
        self._outbox = Outbox(asyncio.get_running_loop(), listener)
        self._member = Member(
            outbox=self._outbox,
            starts=StartPositions(
                self._rules,
                str(self._properties["group.id"]),
                self._topics,
                make_admin=self._make_admin,
                stopping=self._stopping,
                errors=self._errors,
                monotonic=self._monotonic,
            ),
            topic_ids=TopicIds(self._make_admin, self._monotonic),
            fence=self._fence,
            errors=self._errors,
            fetch_failures=self._fetch_failures,
            tallies=self._tallies,
            drain_seconds=self._drain_seconds,
            run_commands=self._run_commands,
            enqueue=self._commands.append,
            monotonic=self._monotonic,
        )
        self._thread.start()

    def pause(self, partition: Partition) -> None:
        self._commands.append(partial(self._member.pause, partition))

    def resume(self, partition: Partition) -> None:
        self._commands.append(partial(self._member.resume, partition))

    def commit(self, positions: Positions) -> None:
        self._commands.append(partial(self._member.commit, positions))

    def close(self, positions: Positions, seconds: float) -> None:
        self._closing = positions, seconds
        self._stopping.set()
        if self._thread.ident is None:
            return
        self._thread.join(seconds + LEAVE_GROUP_SECONDS)
        if self._thread.is_alive():
            log.warning("the group was not left in time: it takes our partitions back by timeout")

    def polled_within(self, seconds: float) -> bool:
        return self._monotonic() - self.polled_at <= seconds

    def polled_lately(self) -> bool:
        """`polled_within` the time after which a poll proves nothing. Asked before every send."""
        return self._monotonic() - self._fence.polled_at <= self.stale_seconds

    @property
    def polled_at(self) -> float:
        """Monotonic time at which the poll loop last moved with nothing against our membership."""
        return self._fence.polled_at

    def moved_within(self, seconds: float) -> bool:
        """True if the thread is well: waiting for Kafka, or round the poll loop in that time.

        Unlike `polled_within` this asks for no proof of membership: a group that does not answer
        is no reason to restart the process.
        """
        if not self.joined:
            return self._thread.ident is None or self._thread.is_alive()
        return self._monotonic() - self._moved_at <= seconds

    @property
    def lags(self) -> Mapping[Key, PartitionLag]:
        """By (topic, partition), a few seconds old; only what is assigned to us."""
        return self._member.lags.by_partition if self.joined else {}

    @property
    def fetch_failures(self) -> Mapping[Key, FetchFailure]:
        """By (topic, partition), those of ours that cannot be fetched."""
        return self._fetch_failures.by_partition

    @property
    def share(self) -> float | None:
        """Our part of all partitions that the group reads, 0 to 1; None while that is unknown."""
        total = self._totals.partitions
        return min(1.0, self._member.holding / total) if self.joined and total else None

    # ---- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            consumer = self._connect()
        except Exception as error:  # noqa: BLE001 the thread's last line of defence: unseen, the
            self._fail(error)  # process would wait for records for ever
            return
        if consumer is None:
            return
        self._member.join(consumer, self._topics)
        self._moved_at = self._monotonic()
        self.joined = True
        while not self._stopping.is_set():
            self._moved_at = self._monotonic()
            try:
                self._run_commands()
                self._member.poll()
                self._totals.look_after(consumer)
                self._login.look_after(consumer)
            except Exception as error:  # noqa: BLE001 as above
                self._fail(error)
            if self._failed:
                self._stopping.wait(FAILED_PAUSE_SECONDS)
        self._leave()

    def _connect(self) -> Consumer | None:
        """A consumer that has reached Kafka and found its topics; None when stopped before."""
        try:
            consumer = self._make_consumer(
                {**self._properties, **self._member.callbacks()}, logger=_ClientLog()
            )
        except KafkaException as raised:
            raise ConfigError(f"kafka: {raised.args[0].str()}") from None
        log.info(
            "joining the group",
            group=self._properties["group.id"],
            topics=self._topics,
            protocol=self._properties.get("group.protocol", "classic"),
            isolation=self._properties["isolation.level"],
        )
        found = False
        try:
            found = wait_for_topics(
                consumer,
                self._topics,
                errors=self._errors,
                fault=self._member.fault,
                stopping=self._stopping,
                monotonic=self._monotonic,
            )
        finally:
            if not found:
                consumer.close()
        return consumer if found else None

    def _leave(self) -> None:
        positions, seconds = self._closing or ({}, 0.0)
        try:
            self._run_commands()
            self._member.leave(positions, seconds)
        except KafkaException as raised:
            log.warning("the group was not left in order", error=raised.args[0].name())
        log.info("the group is left")

    def _run_commands(self) -> None:
        commands = self._commands
        while commands:
            commands.popleft()()

    def _fail(self, error: Exception) -> None:
        """Report the first fault only; what follows it is mostly its consequence."""
        if self._failed:
            return
        self._failed = True
        fault = as_fatal("the Kafka thread failed", error)
        self._outbox.post(self._outbox.listener.failed, fault)


@observing
def _log_line(template: str, *values: Any) -> None:
    log.debug("librdkafka", text=template % values)


class _ClientLog:
    """librdkafka's own log lines. What matters of them comes by call-back as well, so that they are
    for debugging only."""

    def log(self, _level: int, template: str, *values: Any) -> None:
        _log_line(template, *values)
