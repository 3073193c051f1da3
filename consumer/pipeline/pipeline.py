"""The path of a record, and the rule that it ends exactly once.

    received → (buffer) → decode → map → admitted → deliver … event ended → record ended → committed

Everything here runs on the event loop's thread. The stages come in by constructor as the protocols
of `stages`; no I/O library is imported. A record is *admitted* when its requests fit into the budget
of unacknowledged requests: what a `kill -9` repeats is bounded by that, and by nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from consumer.clock import Clock, Timer
from consumer.errors import InvalidRecord, SchemaPending
from consumer.model import Ended, Event, Failure, Flight, Mapped, Outcome, Partition, Record
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.drains import Drain, Drains
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.partition_buffers import Held, PartitionBuffer, PartitionBuffers
from consumer.pipeline.schema_waits import SchemaWaits
from consumer.privacy.safe_traceback import as_invalid
from consumer.stages import Positions, Stages
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

SLICE_SECONDS = 0.005
"""Decoding and mapping give the loop back after this long, so that answers are not kept waiting."""

RECHECK_SECONDS = 1.0
"""Between two looks at whether the dead-letter breaker still stands, or an endpoint is crowded."""

BURST = 32
"""Records of one partition taken in a row, before the next partition has its turn."""


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """`unacknowledged`: requests admitted and not covered by an acknowledged commit.
    `gap`: offsets of a partition beyond its lowest record that has not ended.
    `max_queued_seconds`: work that an endpoint is given ahead, in seconds at its rate."""

    unacknowledged: int
    gap: int
    buffer_records: int
    buffer_bytes: int
    max_queued_seconds: float


class Pipeline:
    """Implements `stages.SourceListener`; `event_ended` is what delivery reports to."""

    def __init__(
        self,
        stages: Stages,
        *,
        limits: PipelineLimits,
        breaker: DeadLetterBreaker,
        ledger: Ledger,
        tallies: Tallies,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        stop: Callable[[Exception], None],
    ) -> None:
        self._source, self._decode, self._mapping = stages.source, stages.decode, stages.mapping
        self._deliver, self._dead_letters = stages.deliver, stages.dead_letters
        self._commit = stages.commit
        self._limits = limits
        self._breaker = breaker
        self._ledger = ledger
        self._tallies = tallies
        self._clock = clock
        self._loop = loop
        self._stop = stop
        self._buffers = PartitionBuffers(
            records=limits.buffer_records,
            size=limits.buffer_bytes,
            pause=self._source.pause,
            resume=self._source.resume,
        )
        self._held: tuple[Flight, Mapped] | None = None
        self._scheduled = False
        self._backpressured = False  # an endpoint has as much before it as it may be given
        self._recheck_timer: Timer | None = None
        self._breaker_watched = False
        self._drains = Drains(clock, loop, self._drained)
        self._schema_waits = SchemaWaits(
            self._decode,
            loop,
            rejected=lambda buffer, invalid: self._reject(buffer, buffer.take(), invalid),
            resumed=self._pump,
            broken=stop,
        )
        self._closing = False
        self.tapped: Callable[[Record, Mapped | InvalidRecord], None] | None = None
        """Gets each record with what it became; set while a person looks on."""

    # ---- calls of the source -----------------------------------------------------------------

    def assigned(self, starts: Positions) -> None:
        self._commit.assigned(starts)
        for partition in starts:
            self._buffers.add(partition, self._ledger.of_partition(partition))
            if self._closing:
                self._buffers.of([partition])[0].draining = True

    def received(self, batches: Mapping[Partition, list[Record]]) -> None:
        for partition, records in batches.items():
            buffer = self._buffers.get(partition)
            if buffer is None or not partition.active:
                continue
            buffer.counts.received += len(records)
            if buffer.draining:
                buffer.counts.released += len(records)
            elif self._buffers.fill(buffer, records):
                self._tallies.counter("pauses").add(("schema" if buffer.blocked else "buffer",))
        self._pump()

    def revoked(
        self, partitions: Sequence[Partition], seconds: float, finished: Callable[[Positions], None]
    ) -> None:
        buffers = self._buffers.of(partitions)
        self._stop_taking(buffers)
        self._drains.begin(buffers, seconds, finished)

    def lost(self, partitions: Sequence[Partition]) -> None:
        buffers = self._buffers.of(partitions)
        self._drains.leave_out(buffers)
        self._let_go(buffers)
        self._commit.forget(partitions)
        self._drains.look_after()
        self._pump()

    def committed(self, positions: Positions, error: str | None) -> None:
        self._commit.committed(positions, error)
        gone = [partition for partition in positions if self._buffers.get(partition) is None]
        self._commit.forget(gone)
        self._pump()

    def failed(self, error: Exception) -> None:
        self._stop(error)

    # ---- from waiting record to submitted events -------------------------------------------

    def _pump(self) -> None:
        """Take waiting records, partition by partition, while the budget and the time slice last."""
        self._scheduled = False
        ends = self._clock.monotonic() + SLICE_SECONDS
        if self._held is not None:
            flight, mapped = self._held
            if not self._fits(len(mapped.events)):
                return
            self._held = None
            self._admit(self._buffers.of([flight.partition])[0], flight, mapped)
        while self._held is None:
            buffer = self._buffers.next_turn(self._may_run)
            self._backpressured = self._deliver.queued_seconds >= self._limits.max_queued_seconds
            if self._backpressured:
                self._set_recheck_timer()
            if buffer is None or self._backpressured:
                return
            room = min(BURST, self._limits.gap - self._commit.gap(buffer.partition))
            while room > 0 and buffer.waiting and self._take(buffer):
                room -= 1
            self._buffers.relieve(buffer)
            if self._clock.monotonic() > ends:
                self._schedule()
                return

    def _set_recheck_timer(self) -> None:
        """An endpoint may get room without the end of an event: when requests fail."""
        if self._recheck_timer is None:
            self._recheck_timer = self._clock.call_later(RECHECK_SECONDS, self._recheck)

    def _recheck(self) -> None:
        self._recheck_timer = None
        self._pump()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def _may_run(self, buffer: PartitionBuffer) -> bool:
        buffer.gap_exceeded = self._commit.gap(buffer.partition) >= self._limits.gap
        return not buffer.gap_exceeded and not self._breaker.stops(buffer.partition.topic)

    def _fits(self, requests: int) -> bool:
        unacknowledged = self._commit.unacknowledged
        return unacknowledged == 0 or unacknowledged + requests <= self._limits.unacknowledged

    def _take(self, buffer: PartitionBuffer) -> bool:
        """Decode and map one record; it is admitted, or held until its requests fit.

        False when this buffer, or all of them, cannot go on.
        """
        record = buffer.take()
        if self._commit.finished_before(buffer.partition, record.offset):
            self._admit_without_events(buffer, Flight(record), "already_ended")
            return True
        try:
            decoded = self._decode.decode(record)
        except SchemaPending as pending:
            buffer.put_back(record)
            self._schema_waits.begin(buffer, pending.ref)
            return False
        except Exception as error:  # noqa: BLE001 whatever it is, it costs this record alone
            return self._reject(buffer, record, as_invalid(error, "decode"))
        try:
            mapped = self._mapping.map(record, decoded)
        except Exception as error:  # noqa: BLE001 likewise
            return self._reject(buffer, record, as_invalid(error, "mapping"))
        if self.tapped is not None:
            self.tapped(record, mapped)
        flight = Flight(record, self._mapping.digest)
        if mapped.skipped or mapped.left_out:
            self._tallies.omitted(mapped.skipped, mapped.left_out)
        if not mapped.events:
            self._admit_without_events(buffer, flight, mapped.filtered or "no_event")
        elif self._fits(len(mapped.events)):
            self._admit(buffer, flight, mapped)
        else:
            self._held = flight, mapped
            return False
        return True

    def _admit(self, buffer: PartitionBuffer, flight: Flight, mapped: Mapped) -> None:
        flight.events = list(mapped.events)
        flight.uncommitted_requests = len(flight.events)
        buffer.flights.add(flight)
        self._commit.admitted(flight)
        for event in mapped.events:
            self._ledger.of_event(event.endpoint, event.name).built += 1
            self._deliver.submit(event, flight)

    def _reject(self, buffer: PartitionBuffer, record: Record, invalid: InvalidRecord) -> bool:
        """Send a record to the dead letters as a whole. False when its topic cannot go on."""
        if self.tapped is not None:
            self.tapped(record, invalid)
        flight = Flight(record, self._mapping.digest)
        flight.failures = [Failure(invalid.stage, invalid.reason, invalid.detail)]
        buffer.flights.add(flight)
        self._commit.admitted(flight)
        self._finish(flight)
        return not self._breaker.stops(buffer.partition.topic)

    def _admit_without_events(self, buffer: PartitionBuffer, flight: Flight, reason: str) -> None:
        buffer.counts.filtered[reason] = buffer.counts.filtered.get(reason, 0) + 1
        self._commit.admitted(flight)
        self._commit.ended(flight)
        self._breaker.note(flight, self._mapping.digest)

    # ---- ends ------------------------------------------------------------------------------

    def event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        """Delivery's report. The record ends with its last event."""
        if outcome.failure is None:
            flight.events.remove(event)
            self._ledger.of_event(event.endpoint, event.name).end(outcome.ended)
        elif flight.failures is None:
            flight.failures = [outcome.failure]
        else:
            flight.failures.append(outcome.failure)
        if len(flight.events) == (len(flight.failures) if flight.failures else 0):
            self._finish(flight)

    def _finish(self, flight: Flight) -> None:
        """All events are through: the record ends now, or once its dead letter is written."""
        record = flight.record
        if self._breaker.note(flight, self._mapping.digest):
            why = self._breaker.open_reason
            log.error("stopped taking records", reason=why, mapping=flight.digest)
            if not self._breaker_watched:
                self._breaker_watched = True
                self._wait_for_breaker()
        if flight.failures is None or record is None:
            self._end(flight)
            return
        first = flight.failures[0]
        log.warning(
            "a record becomes a dead letter",
            record=record.position,
            stage=first.stage,
            reason=first.reason,
            detail=first.detail,
            failed=[failure.event for failure in flight.failures if failure.event],
        )
        self._dead_letters.send(
            record, flight.failures, flight.digest, lambda: self._dead_lettered(flight)
        )

    def _wait_for_breaker(self) -> None:
        """Look every second whether another mapping is in force, or the breaker was reset."""
        if self._breaker.stands(self._mapping.digest):
            self._clock.call_later(RECHECK_SECONDS, self._wait_for_breaker)
        else:
            self._breaker_watched = False
            log.info("records are taken again", mapping=self._mapping.digest)
            self._pump()

    def _dead_lettered(self, flight: Flight) -> None:
        buffer = self._buffers.get(flight.partition)
        if buffer is None or flight not in buffer.flights:
            return  # released meanwhile: the successor will write it again
        for event in flight.events:
            self._ledger.of_event(event.endpoint, event.name).end(Ended.DEAD_LETTERED)
        self._end(flight)

    def _end(self, flight: Flight) -> None:
        buffer = self._buffers.get(flight.partition)
        assert buffer is not None  # delivery reports no end of what was given up
        buffer.flights.remove(flight)
        if flight.failures:
            reason = flight.failures[0].reason
            buffer.counts.dead_lettered[reason] = buffer.counts.dead_lettered.get(reason, 0) + 1
        else:
            buffer.counts.delivered += 1
        flight.record = None
        flight.events = []
        self._commit.ended(flight)
        if self._backpressured or buffer.gap_exceeded:
            self._schedule()
        if self._drains.under_way:
            self._drains.look_after()

    # ---- leaving ---------------------------------------------------------------------------

    async def drain(self, seconds: float) -> tuple[Positions, bool]:
        """Take nothing more, finish what is admitted within `seconds`.

        Returns the positions to commit and whether everything admitted has ended.
        """
        self._closing = True
        done: asyncio.Future[Positions] = self._loop.create_future()
        buffers = [buffer for buffer in self._buffers if not buffer.draining]
        self._stop_taking(buffers)
        drain = self._drains.begin(buffers, seconds, done.set_result, last=True)
        positions = await done
        self._schema_waits.cancel()
        return positions, not drain.unfinished

    def _stop_taking(self, buffers: Sequence[PartitionBuffer]) -> None:
        """From now on, of these, finish what was started and nothing else."""
        for buffer in buffers:
            buffer.draining = True
            buffer.counts.released += buffer.drop_waiting()
            self._release_held(buffer)
        partitions = [buffer.partition for buffer in buffers]
        given_back = self._deliver.give_back(partitions)
        for buffer in buffers:
            self._release(buffer, [flight for flight in buffer.flights if flight in given_back])
        self._deliver.hurry(partitions)

    def _drained(self, drain: Drain) -> None:
        partitions = [buffer.partition for buffer in drain.buffers]
        positions = self._commit.positions(partitions)
        self._let_go(drain.buffers)
        self._commit.forget([partition for partition in partitions if partition not in positions])
        drain.finished(positions)
        self._pump()

    def _release_held(self, buffer: PartitionBuffer) -> None:
        """Give back the record that waits for the budget, if it is one of this buffer's."""
        if self._held is not None and self._held[0].partition is buffer.partition:
            buffer.counts.released += 1
            self._held = None

    def _let_go(self, buffers: Sequence[PartitionBuffer]) -> None:
        """Give these partitions up: what has not ended is released."""
        self._deliver.abandon([buffer.partition for buffer in buffers])
        for buffer in buffers:
            buffer.counts.released += buffer.drop_waiting()
            self._release(buffer, list(buffer.flights))
            self._release_held(buffer)
            self._buffers.remove(buffer)

    def _release(self, buffer: PartitionBuffer, flights: Sequence[Flight]) -> None:
        """Count these unfinished records and their events as given back."""
        buffer.counts.released += len(flights)
        buffer.flights.difference_update(flights)
        for flight in flights:
            for event in flight.events:
                self._ledger.of_event(event.endpoint, event.name).end(Ended.RELEASED)

    # ---- for people and metrics ------------------------------------------------------------

    def held(self) -> dict[Partition, Held]:
        """The buffer of each assigned partition in figures."""
        beside = self._held[0] if self._held is not None else None
        return {buffer.partition: buffer.held(beside) for buffer in self._buffers}

    def count_in_flight(self) -> None:
        """Bring the ledger's `in_flight` up to date."""
        self._buffers.count_in_flight(self._ledger, self._held[0] if self._held else None)
