"""Writes records that cannot be delivered to the dead-letter topic: as they were, with our reasons.

A dead letter is done when Kafka has acknowledged it, and not before: it is written again, for ever,
until then. One that is too large for the topic is written with the record's position in its place.
Dead letters are rare, so the producer is polled from the event loop, and only while something is
outstanding: no thread, no busy loop.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from consumer.clock import Clock, Timer
from consumer.config.settings import DeadLetterSettings
from consumer.credentials.kafka_login import KafkaLogin
from consumer.delivery.dead_letters.headers import (
    by_position,
    carried,
    optional,
    required,
)
from consumer.delivery.dead_letters.producer import (
    Properties,
    find_topic,
    producer_properties,
)
from consumer.documents.foreign_text import LONGEST
from consumer.errors import BridgeError, RecordTooLarge
from consumer.model import NEVER_REPLAYED, Failure, Record, Replayed
from consumer.privacy.kafka_answers import as_kafka_error, observing
from consumer.telemetry.tallies import Tallies

POLL_SECONDS = 0.02
FIND_SECONDS = 10.0
AGAIN_SECONDS = 1.0
"""Until a letter that Kafka refused is written again."""

MOST_BYTES = 100_000_000
"""A larger record is not tried: a broker closes the connection on a request above
`socket.request.max.bytes` (100 MiB), without a word, each time."""
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})

log = structlog.get_logger()


class _Form(IntEnum):
    """The contents of a letter, the most first: a form is for topics that refused the one before."""

    WHOLE = 0
    WITHOUT_DETAIL = 1
    POSITION = 2
    """The position in place of the record, again with the detail."""
    BARE_POSITION = 3


class _Letter:
    __slots__ = (
        *("cause", "detail", "done", "form", "headers", "key", "partition", "position"),
        *("producer", "required", "size", "value"),
    )

    def __init__(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        written_ms: int,
        done: Callable[[], None],
        again: Replayed,
    ) -> None:
        self.done = done
        self.cause = (failures[0].stage, failures[0].reason)
        self.position = record.position
        self.partition = record.partition.number
        self.key = record.key
        self.value = record.value
        self.headers = carried(record.headers)
        self.required = required(record, failures, digest, written_ms, again)
        self.detail = optional(failures)
        let_go = record.fault.size if isinstance(record.fault, RecordTooLarge) else 0
        self.size = again.size or record.size + let_go
        self.form = _Form.WHOLE
        self.producer: Producer | None = None
        """The one that has it now."""
        if again.size or self.size > MOST_BYTES or let_go:
            self._drop_record()

    def all_headers(self) -> list[tuple[str, str | bytes | None]]:
        detailed = self.form in (_Form.WHOLE, _Form.POSITION)
        return [*self.headers, *self.required, *(self.detail if detailed else ())]

    def shrink(self) -> bool:
        """Take the next form; False where there is none."""
        match self.form:
            case _Form.WHOLE:
                self.form = _Form.WITHOUT_DETAIL
            case _Form.WITHOUT_DETAIL:
                self._drop_record()
            case _Form.POSITION:
                self.form = _Form.BARE_POSITION
            case _:
                return False
        return True

    def _drop_record(self) -> None:
        log.warning(
            "a record is too large for the dead-letter topic, its letter holds the position alone",
            record=self.position,
            bytes=self.size,
        )
        self.form = _Form.POSITION
        self.value = None
        self.headers = []
        if self.key is not None and len(self.key) > LONGEST:
            self.key = None
        self.required = [*self.required, *by_position(self.size)]


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
        endpoints: Sequence[str] = (),
    ) -> None:
        """`kafka` is the section of that name; `sources` are the topics that are read; `endpoints`
        are those of this process's scope. Raises KafkaSetupError for properties that would weaken
        the promise above."""
        self._endpoints = tuple(endpoints)
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
            except BridgeError:
                raise
            except Exception as error:  # noqa: BLE001 an answer that cannot be read is none
                if not waiting:
                    log.warning(
                        "dead-letter topic not found yet, Kafka does not answer",
                        topic=self._name,
                        error=as_kafka_error(error).name(),
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
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        again = again._replace(endpoints=again.endpoints or self._endpoints)
        letter = _Letter(record, failures, digest, self._clock.now_ms(), done, again)
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
        return Producer({**self._login.properties(), "error_cb": observing(self._noticed)})

    def _write(self, letter: _Letter) -> None:
        if self._closed or letter.producer is not None:
            return
        producer = self._producer
        assert producer is not None, "send before open"
        self._login.look_after(producer)
        letter.producer = producer
        try:
            producer.produce(
                self._name,
                value=letter.value,
                key=letter.key,
                partition=letter.partition % self._partitions,
                headers=letter.all_headers(),
                on_delivery=lambda error, _: self._reports.append((letter, producer, error)),
            )
        except BufferError:
            self._write_later(letter)
        except Exception as error:  # noqa: BLE001 whatever this record leads to holds it back alone
            self._refused(letter, as_kafka_error(error))

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
        self._tallies.counter("dead_letter_errors").add()
        if self._letters:
            self._notice(fatal, "")
        self._replace_producer()
        self._watch(AGAIN_SECONDS)  # the next one may be as unusable

    def _acknowledged(self, letter: _Letter) -> None:
        if self._failing:
            log.info("dead letters are written again", topic=self._name)
            self._failing = ""
        self._letters.remove(letter)
        self._tallies.counter("dead_letters").add(letter.cause)
        if not self._letters:
            self._idle.set()
        letter.done()

    def _refused(self, letter: _Letter, error: KafkaError) -> None:
        self._tallies.counter("dead_letter_errors").add()
        if error.code() in _TOO_LARGE and letter.shrink():
            letter.producer = None
            self._write(letter)
            return
        self._notice(error, letter.position)
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
            self._tallies.counter("dead_letter_errors").add()
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
