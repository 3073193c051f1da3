"""The path of a record, and the rule that it ends exactly once.

    received → (lane) → decode → map → admitted → deliver … event ended → record ended → committed

Everything here runs on the event loop's thread. The stages come in by constructor as the protocols
of `stages`; no I/O library is imported. A record is *admitted* when its requests fit into the budget
of unacknowledged requests: what a `kill -9` repeats is bounded by that, and by nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from consumer.clock import Clock, Timer
from consumer.errors import SchemaPending
from consumer.model import Ended, Event, Failure, Flight, Mapped, Outcome, Partition, Record
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.drains import Drain, Drains
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.partition_buffers import Held, Lane, Lanes
from consumer.privacy.safe_traceback import as_fatal, as_invalid
from consumer.stages import Commit, DeadLetters, Decode, Deliver, Map, Positions, Source
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

SLICE_SECONDS = 0.005
"""Decoding and mapping give the loop back after this long, so that answers are not kept waiting."""

LOOK_SECONDS = 1.0
"""Between two looks at whether the dead-letter breaker still stands, or an endpoint is crowded."""

BURST = 32
"""Records of one partition taken in a row, before the next partition has its turn."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`unacknowledged`: requests admitted and not covered by an acknowledged commit.
    `gap`: offsets of a partition beyond its lowest record that has not ended. `behind`: seconds of
    work, at its rate, that an endpoint is given ahead."""

    unacknowledged: int
    gap: int
    buffer_records: int
    buffer_bytes: int
    behind: float


class Stages(NamedTuple):
    """One of each, in the order of the path."""

    source: Source
    decode: Decode
    mapping: Map
    deliver: Deliver
    dead_letters: DeadLetters
    commit: Commit


class Pipeline:
    """Implements `stages.SourceListener`; `event_ended` is what delivery reports to."""

    def __init__(
        self,
        stages: Stages,
        *,
        limits: Limits,
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
        self._lanes = Lanes(
            records=limits.buffer_records,
            size=limits.buffer_bytes,
            pause=self._source.pause,
            resume=self._source.resume,
        )
        self._held: tuple[Flight, Mapped] | None = None
        self._scheduled = False
        self._crowded = False  # an endpoint has as much before it as it may be given
        self._look: Timer | None = None
        self._drains = Drains(clock, loop, self._drained)
        self._resolving: set[asyncio.Task[None]] = set()
        self._closing = False

    # ---- what the source tells -------------------------------------------------------------

    def assigned(self, starts: Positions) -> None:
        self._commit.assigned(starts)
        for partition in starts:
            self._lanes.add(partition, self._ledger.of_partition(partition))
            if self._closing:
                self._lanes.of([partition])[0].draining = True

    def received(self, batches: Mapping[Partition, list[Record]]) -> None:
        for partition, records in batches.items():
            lane = self._lanes.get(partition)
            if lane is None or not partition.active:
                continue
            lane.counts.received += len(records)
            if lane.draining:
                lane.counts.released += len(records)
            elif self._lanes.fill(lane, records):
                self._tallies.pauses.add(("schema" if lane.blocked else "buffer",))
        self._pump()

    def revoked(
        self, partitions: Sequence[Partition], seconds: float, finished: Callable[[Positions], None]
    ) -> None:
        lanes = self._lanes.of(partitions)
        self._stop_taking(lanes)
        self._drains.begin(lanes, seconds, finished)

    def lost(self, partitions: Sequence[Partition]) -> None:
        lanes = self._lanes.of(partitions)
        self._drains.leave_out(lanes)
        self._let_go(lanes)
        self._commit.forget(partitions)
        self._drains.look_after()
        self._pump()

    def committed(self, positions: Positions, error: str | None) -> None:
        self._commit.committed(positions, error)
        gone = [partition for partition in positions if self._lanes.get(partition) is None]
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
            self._admit(self._lanes.of([flight.partition])[0], flight, mapped)
        while self._held is None:
            lane = self._lanes.next_turn(self._within_gap)
            self._crowded = self._deliver.behind >= self._limits.behind
            if self._crowded:
                self._look_again()
            if lane is None or self._breaker.why or self._crowded:
                return
            room = min(BURST, self._limits.gap - self._commit.gap(lane.partition))
            while room > 0 and lane.waiting and self._take(lane):
                room -= 1
            self._lanes.relieve(lane)
            if self._clock.monotonic() > ends:
                self._schedule()
                return

    def _look_again(self) -> None:
        """An endpoint may have room without an event's end that would tell: when requests fail."""
        if self._look is None:
            self._look = self._clock.call_later(LOOK_SECONDS, self._looked)

    def _looked(self) -> None:
        self._look = None
        self._pump()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def _within_gap(self, lane: Lane) -> bool:
        lane.far = self._commit.gap(lane.partition) >= self._limits.gap
        return not lane.far

    def _fits(self, requests: int) -> bool:
        unacknowledged = self._commit.unacknowledged
        return unacknowledged == 0 or unacknowledged + requests <= self._limits.unacknowledged

    def _take(self, lane: Lane) -> bool:
        """Decode and map one record; it is admitted, or held until its requests fit.

        False when this lane, or all of them, cannot go on.
        """
        record = lane.take()
        if self._commit.finished_before(lane.partition, record.offset):
            self._admit_without_events(lane, Flight(record), "already_ended")
            return True
        mapping = self._mapping
        try:
            mapped = mapping.map(record, self._decode.decode(record))
        except SchemaPending as pending:
            lane.put_back(record)
            lane.blocked = True
            self._resolve(lane, pending.ref)
            return False
        except Exception as error:  # noqa: BLE001 a bug costs one record, not the partition
            invalid = as_invalid(error)
            flight = Flight(record, mapping.digest)
            flight.failures = [Failure(invalid.stage, invalid.reason, invalid.detail)]
            lane.flights.add(flight)
            self._commit.admitted(flight)
            self._finish(flight)
            return not self._breaker.why
        flight = Flight(record, mapping.digest)
        if mapped.skipped or mapped.left_out:
            self._tallies.omitted(mapped.skipped, mapped.left_out)
        if not mapped.events:
            self._admit_without_events(lane, flight, mapped.filtered or "no_event")
        elif self._fits(len(mapped.events)):
            self._admit(lane, flight, mapped)
        else:
            self._held = flight, mapped
            return False
        return True

    def _admit(self, lane: Lane, flight: Flight, mapped: Mapped) -> None:
        flight.events = list(mapped.events)
        flight.requests = len(flight.events)
        lane.flights.add(flight)
        self._commit.admitted(flight)
        for event in mapped.events:
            self._ledger.of_event(event.endpoint, event.name).built += 1
            self._deliver.submit(event, flight)

    def _admit_without_events(self, lane: Lane, flight: Flight, reason: str) -> None:
        lane.counts.filtered[reason] = lane.counts.filtered.get(reason, 0) + 1
        self._commit.admitted(flight)
        self._commit.ended(flight)
        self._breaker.note(flight, self._mapping.digest)

    def _resolve(self, lane: Lane, ref: object) -> None:
        async def fetch() -> None:
            await self._decode.resolve(ref)
            lane.blocked = False
            self._pump()

        task = self._loop.create_task(fetch())
        self._resolving.add(task)
        task.add_done_callback(self._resolved)

    def _resolved(self, task: asyncio.Task[None]) -> None:
        self._resolving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(as_fatal("a schema could not be waited for", error))

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
            why = self._breaker.why
            log.error("stopped taking records", reason=why, mapping=flight.digest)
            self._stand_still()
        if flight.failures is None or record is None:
            self._end(flight)
            return
        self._dead_letters.send(
            record, flight.failures, flight.digest, lambda: self._dead_lettered(flight)
        )

    def _stand_still(self) -> None:
        """Until another mapping is in force, or somebody resets the breaker."""
        if self._breaker.stands(self._mapping.digest):
            self._clock.call_later(LOOK_SECONDS, self._stand_still)
        else:
            log.info("records are taken again", mapping=self._mapping.digest)
            self._pump()

    def _dead_lettered(self, flight: Flight) -> None:
        lane = self._lanes.get(flight.partition)
        if lane is None or flight not in lane.flights:
            return  # released meanwhile: the successor will write it again
        for event in flight.events:
            self._ledger.of_event(event.endpoint, event.name).end(Ended.DEAD_LETTERED)
        self._end(flight)

    def _end(self, flight: Flight) -> None:
        lane = self._lanes.get(flight.partition)
        assert lane is not None  # delivery tells nothing of what was given up
        lane.flights.remove(flight)
        if flight.failures:
            reason = flight.failures[0].reason
            lane.counts.dead_lettered[reason] = lane.counts.dead_lettered.get(reason, 0) + 1
        else:
            lane.counts.delivered += 1
        flight.record = None
        flight.events = []
        self._commit.ended(flight)
        if self._crowded or lane.far:
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
        lanes = [lane for lane in self._lanes if not lane.draining]
        self._stop_taking(lanes)
        drain = self._drains.begin(lanes, seconds, done.set_result, last=True)
        positions = await done
        for task in self._resolving:
            task.cancel()
        return positions, not drain.unfinished

    def _stop_taking(self, lanes: Sequence[Lane]) -> None:
        """From now on, of these, finish what is admitted and nothing else."""
        for lane in lanes:
            lane.draining = True
            lane.counts.released += lane.drop_waiting()
            self._release_held(lane)
        self._deliver.hurry([lane.partition for lane in lanes])

    def _drained(self, drain: Drain) -> None:
        partitions = [lane.partition for lane in drain.lanes]
        positions = self._commit.positions(partitions)
        self._let_go(drain.lanes)
        self._commit.forget([partition for partition in partitions if partition not in positions])
        drain.finished(positions)
        self._pump()

    def _release_held(self, lane: Lane) -> None:
        """Give back the record that waits for the budget, if it is one of this lane's."""
        if self._held is not None and self._held[0].partition is lane.partition:
            lane.counts.released += 1
            self._held = None

    def _let_go(self, lanes: Sequence[Lane]) -> None:
        """Give these partitions up: what has not ended is released."""
        self._deliver.abandon([lane.partition for lane in lanes])
        for lane in lanes:
            lane.counts.released += lane.drop_waiting() + len(lane.flights)
            for flight in lane.flights:
                for event in flight.events:
                    self._ledger.of_event(event.endpoint, event.name).end(Ended.RELEASED)
            self._release_held(lane)
            self._lanes.remove(lane)

    # ---- for people and metrics ------------------------------------------------------------

    def held(self) -> dict[Partition, Held]:
        """What is held of each partition that is ours."""
        beside = self._held[0] if self._held is not None else None
        return {lane.partition: lane.held(beside) for lane in self._lanes}

    def count_in_flight(self) -> None:
        """Count what is held, for the ledger: waiting records, open flights, unfinished events."""
        for records in self._ledger.records.values():
            records.in_flight = 0
        for events in self._ledger.events.values():
            events.in_flight = 0
        for lane in self._lanes:
            lane.counts.in_flight = len(lane.waiting) + len(lane.flights)
            for flight in lane.flights:
                for event in flight.events:
                    self._ledger.of_event(event.endpoint, event.name).in_flight += 1
        if self._held is not None:
            self._ledger.of_partition(self._held[0].partition).in_flight += 1
