"""Writes what cannot be delivered to the dead-letter topic: the record as it was, and our reasons.

A dead letter is done when Kafka has acknowledged it, and not before: it is written again, for ever,
until then. Dead letters are rare, so the producer is polled from the event loop, and only while
something is outstanding: no thread, no busy loop.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import orjson
import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from consumer import __version__
from consumer.clock import Clock, Timer
from consumer.config.settings import DeadLetterSettings
from consumer.credentials.kafka_login import KafkaLogin
from consumer.delivery.dead_letters.producer import (
    Properties,
    find_topic,
    producer_properties,
)
from consumer.model import Failure, Record
from consumer.telemetry.tallies import Tallies

PREFIX = "yespo.dlq."
POLL_SECONDS = 0.02
FIND_SECONDS = 10.0
AGAIN_SECONDS = 1.0
"""Until a letter that Kafka refused is written again."""

log = structlog.get_logger()


class _Letter:
    __slots__ = ("cause", "done", "extra", "headers", "producer", "record")

    def __init__(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        written_ms: int,
        done: Callable[[], None],
    ) -> None:
        self.done = done
        self.cause = (failures[0].stage, failures[0].reason)
        self.record = record
        self.headers = [*record.headers, *_required(record, failures, digest, written_ms)]
        self.extra = _optional(failures)
        self.producer: Producer | None = None
        """The one that has it now."""


class DeadLetterWriter:
    """Implements `stages.DeadLetters`. `open` it before the first `send`."""

    def __init__(
        self,
        settings: DeadLetterSettings,
        kafka: Properties,
        *,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        tallies: Tallies,
        sources: Collection[str],
    ) -> None:
        """`kafka` is the section of that name; `sources` are the topics that are read. Raises
        KafkaSetupError for properties that would weaken the promise above."""
        self._name = settings.topic
        self._login = KafkaLogin(producer_properties(kafka, settings.kafka), clock.monotonic)
        self._sources = sources
        self._clock = clock
        self._loop = loop
        self._tallies = tallies
        self._partitions = 1
        self._producer: Producer | None = None
        self._letters: set[_Letter] = set()
        self._reports: list[tuple[_Letter, Producer, KafkaError | None]] = []
        self._timer: Timer | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._failing = ""
        self._closed = False

    async def open(self) -> None:
        """Find the topic, waiting for a cluster that is not there yet. Raises KafkaSetupError."""
        waiting = False
        while True:
            try:
                self._partitions = await self._loop.run_in_executor(
                    None,
                    find_topic,
                    self._login.properties(),
                    self._name,
                    self._sources,
                    FIND_SECONDS,
                )
                break
            except KafkaException as error:
                if not waiting:
                    log.warning(
                        "dead-letter topic not found yet, Kafka does not answer",
                        topic=self._name,
                        error=error.args[0].name(),
                    )
                waiting = True
            await asyncio.sleep(AGAIN_SECONDS)
        self._producer = self._new_producer()

    @property
    def outstanding(self) -> int:
        """Letters that Kafka has not acknowledged."""
        return len(self._letters)

    @property
    def failing(self) -> str:
        """The name of Kafka's error while letters cannot be written, else empty."""
        return self._failing

    def send(
        self, record: Record, failures: Sequence[Failure], digest: str, done: Callable[[], None]
    ) -> None:
        letter = _Letter(record, failures, digest, self._clock.now_ms(), done)
        self._letters.add(letter)
        self._idle.clear()
        self._write(letter)
        self._watch()

    async def close(self, seconds: float) -> None:
        """Wait up to `seconds` for acknowledgements; what is left is not written any more."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("dead letters not acknowledged", count=len(self._letters))
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._producer is not None:
            self._producer.purge()

    # --- writing

    def _new_producer(self) -> Producer:
        return Producer({**self._login.properties(), "error_cb": self._noticed})

    def _write(self, letter: _Letter) -> None:
        if self._closed or letter.producer is not None:
            return
        producer, record = self._producer, letter.record
        assert producer is not None, "send before open"
        self._login.look_after(producer)
        letter.producer = producer
        try:
            producer.produce(
                self._name,
                value=record.value,
                key=record.key,
                partition=record.partition.number % self._partitions,
                headers=[*letter.headers, *letter.extra],
                on_delivery=lambda error, _: self._reports.append((letter, producer, error)),
            )
        except BufferError:
            self._write_later(letter)
        except KafkaException as error:
            self._refused(letter, error.args[0])

    def _write_later(self, letter: _Letter) -> None:
        letter.producer = None
        self._clock.call_later(AGAIN_SECONDS, lambda: self._write(letter))

    def _watch(self, after: float = POLL_SECONDS) -> None:
        if self._timer is None and self._letters and not self._closed:
            self._timer = self._clock.call_later(after, self._poll)

    def _poll(self) -> None:
        self._timer = None
        assert self._producer is not None
        self._login.look_after(self._producer)
        fatal: KafkaError | None = None
        try:
            self._producer.poll(0)
        except KafkaException as raised:  # how the binding tells of librdkafka's fatal errors
            fatal = raised.args[0]
        reports, self._reports = self._reports, []
        for letter, producer, error in reports:
            if letter.producer is not producer:
                continue  # a producer that was given up: the letter is with its successor
            if error is None:
                self._acknowledged(letter)
            else:
                self._refused(letter, error)
        if fatal is None:
            self._watch()
            return
        # Last, so that what this very poll acknowledged is not written again.
        self._tallies.dead_letter_errors.add()
        if self._letters:
            self._notice(fatal, "")
        self._replace_producer()
        self._watch(AGAIN_SECONDS)  # the next one may be as unusable

    def _acknowledged(self, letter: _Letter) -> None:
        if self._failing:
            log.info("dead letters are written again", topic=self._name)
            self._failing = ""
        self._letters.remove(letter)
        self._tallies.dead_letters.add(letter.cause)
        if not self._letters:
            self._idle.set()
        letter.done()

    def _refused(self, letter: _Letter, error: KafkaError) -> None:
        self._tallies.dead_letter_errors.add()
        self._notice(error, letter.record.position)
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            letter.extra = []  # the last thing that can be left out; after that a person must help
        self._write_later(letter)
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - spelt so
            self._replace_producer()

    def _replace_producer(self) -> None:
        """An idempotent producer that has lost its place stays unusable."""
        given_up = self._producer
        self._producer = self._new_producer()
        for letter in self._letters:
            if letter.producer is given_up:
                self._write_later(letter)

    def _noticed(self, error: KafkaError) -> None:
        """librdkafka's own view, long before a letter times out: no broker, no login."""
        if self._letters and error.code() in _WORTH_A_LINE:
            self._tallies.dead_letter_errors.add()
            self._notice(error, "")

    def _notice(self, error: KafkaError, position: str) -> None:
        name = error.name()
        if name == self._failing:
            return
        self._failing = name
        log.error(
            "dead letters cannot be written, their records are held back",
            topic=self._name,
            error=name,
            record=position,
            waiting=len(self._letters),
        )


_WORTH_A_LINE = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - librdkafka's local codes are spelt so
        KafkaError._AUTHENTICATION,  # noqa: SLF001
    }
)


def _required(
    record: Record, failures: Sequence[Failure], digest: str, written_ms: int
) -> list[tuple[str, bytes]]:
    """What `dlq` works from. Names of rules and fields, positions and codes; nothing personal."""
    first = failures[0]
    written = datetime.fromtimestamp(written_ms / 1000, UTC).isoformat(timespec="milliseconds")
    texts = {
        "stage": first.stage,
        "reason": first.reason,
        "topic": record.partition.topic,
        "partition": str(record.partition.number),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp_ms),
        "timestamp_type": record.timestamp_type.value,
        "mapping": digest,
        "bridge": __version__,
        "time": written,
    }
    headers = [(PREFIX + name, text.encode()) for name, text in texts.items()]
    events = [failure.event for failure in failures if failure.event]
    headers.append((PREFIX + "events", orjson.dumps(events)))
    return headers


def _optional(failures: Sequence[Failure]) -> list[tuple[str, bytes]]:
    """For a person who asks why; left out where the letter would be too large."""
    described = [
        {"stage": f.stage, "reason": f.reason, "detail": f.detail, "event": f.event}
        for f in failures
    ]
    return [
        (PREFIX + "detail", failures[0].detail.encode()),
        (PREFIX + "failures", orjson.dumps(described)),
    ]
