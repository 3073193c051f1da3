"""The whole program, wired top to bottom: read this first.

    source ─▶ decode ─▶ mapping ─▶ delivery ─▶ commit       (the arrows are drawn by `pipeline`)

`App.start` builds the stages and joins the group; `App.stop` drains, commits and leaves it.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom

import structlog

from consumer.clock import SystemClock
from consumer.commit.committer import Committer
from consumer.config import scopes
from consumer.config.budgets import Budgets
from consumer.config.settings import Settings
from consumer.decode.avro import Chosen
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.delivery.dead_letters.writer import DeadLetterWriter
from consumer.delivery.deliver import Delivery, pool_opener
from consumer.delivery.destination import destinations
from consumer.errors import EXIT_DRAIN, EXIT_FATAL, EXIT_OK, EXIT_SIGNAL, SetupError
from consumer.model import Endpoint, Event, Flight, Outcome
from consumer.observability.admin_server import AdminServer
from consumer.observability.metrics.catalogue import METRICS
from consumer.observability.metrics.declare import PREFIX
from consumer.observability.observation import Observation
from consumer.observability.parts import BridgeParts
from consumer.observability.verdict import Verdict
from consumer.pipeline import report
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.pipeline import Pipeline, PipelineLimits
from consumer.privacy.safe_traceback import as_fatal, in_loop
from consumer.source.consumer import KafkaSource
from consumer.stages import Map, Positions, Stages
from consumer.startup.reload import Reloadable, Reloader, Unit
from consumer.startup.scoped_map import ScopedMap
from consumer.startup.setup import read_mapping
from consumer.telemetry.exposition import BridgeCollector, registry
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

DRAIN_MARGIN = 1.0
"""Seconds beyond `drain.shutdown` after which the drain itself is at fault."""


class App:
    """One bridge: a member of the consumer group, from Kafka to Yespo."""

    def __init__(
        self,
        settings: Settings,
        mapping: Unit,
        watched: Sequence[Path] = (),
        *,
        topics: Sequence[str] | None = None,
        adapt: Callable[[Stages], Stages] | None = None,
    ) -> None:
        """`watched` are the files that the mapping was made of: changes are taken while it runs.

        `topics` are read instead of the mapping's own, and `adapt` puts something around the stages
        (a replay of dead letters).
        """
        self._settings = settings
        self._scope = scopes.chosen(settings)
        self._topics = mapping.topics if topics is None else topics
        self._adapt = adapt
        self._mapping = Reloadable(mapping)
        self._watched = watched
        self._budgets = Budgets.of(settings)
        self.ledger = Ledger()
        self.tallies = Tallies()
        self.breaker = DeadLetterBreaker(settings.dead_letters.breaker)
        self._stop_asked = asyncio.Event()
        self._failure: Exception | None = None
        self._reloader = Reloader(
            self._mapping,
            partial(read_mapping, settings, ask_registry=True, strict=False),
            watched,
            self.tallies.counter("mapping_reloads"),
        )
        self._watching: asyncio.Task[None] | None = None

    # ---- life ------------------------------------------------------------------------------

    async def run(self) -> int:
        """Start, go on until `ask_to_stop` or a failure, stop. Returns the exit code.

        Raises SetupError where a person must change something.
        """
        await self.start()
        await self._stop_asked.wait()
        complete = await self.stop()
        if isinstance(self._failure, SetupError):
            raise self._failure
        if self._failure is not None:
            log.error("ended because it was not safe to go on", reason=str(self._failure))
            return EXIT_FATAL
        return EXIT_OK if complete else EXIT_DRAIN

    @property
    def stopping(self) -> bool:
        return self._stop_asked.is_set()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end in order; a second one ends the process at once."""

        def stop_or_die() -> None:
            if self.stopping:
                os._exit(EXIT_SIGNAL)
            self.ask_to_stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop_or_die)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._look_again)

    def _look_again(self) -> None:
        """SIGHUP: look for changed mapping files, and close the dead-letter breaker."""
        self._reloader.ask()
        self.breaker.reset()

    async def asked_to_stop(self) -> None:
        """Return once the bridge was asked to stop."""
        await self._stop_asked.wait()

    @property
    def port(self) -> int:
        """The port of metrics, health and status."""
        return self._admin_server.port

    def line(self) -> str:
        """The state in one line, for a terminal."""
        return self._observation.line()

    def count_in_flight(self) -> None:
        """Bring the ledger's `in_flight` up to date."""
        self._pipeline.count_in_flight()

    def ask_to_stop(self, failure: Exception | None = None) -> None:
        """End in order; `run` reports the failure again when all has ended."""
        if failure is not None:
            if not isinstance(failure, SetupError):
                log.error("it is not safe to go on", reason=str(failure))
            self._failure = self._failure or failure
        if not self.stopping:
            log.info("stopping")
        self._stop_asked.set()

    async def start(self) -> None:
        """Build the stages, open the admin server, join the group."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(in_loop(self.ask_to_stop))
        self._build(loop)
        self._admin_server.start()
        log.info("metrics, health and status", port=self._admin_server.port)
        self._observation.begin()
        if self._watched:
            self._watching = asyncio.create_task(self._reloader.run())
            self._watching.add_done_callback(self._stopped_watching)
        if await self._open_dead_letters():
            self._stages.source.start(self._pipeline)

    async def stop(self) -> bool:
        """Drain, commit, leave the group, close. True when everything admitted has ended."""
        began = time.monotonic()
        ends = began + self._settings.drain.shutdown
        if self._watching is not None:
            self._watching.cancel()
        positions, complete = await self._drained(self._settings.drain.shutdown)
        left = max(1.0, ends - time.monotonic())
        await asyncio.to_thread(self._source.close, positions, left)
        await self._dead_letters.close(left)
        await self._delivery.close()
        await self._registry.close()
        self._admin_server.stop()
        self._pipeline.count_in_flight()
        totals = report.summary(self.ledger)
        log.info(
            "stopped",
            complete=complete,
            seconds=round(time.monotonic() - began, 2),
            received=totals["received"],
            **totals["outcomes"],
            balanced=totals["balanced"],
        )
        return complete

    async def _drained(self, seconds: float) -> tuple[Positions, bool]:
        """The pipeline's drain; a fault in it must not keep a process that is to end."""
        try:
            async with asyncio.timeout(seconds + DRAIN_MARGIN):
                return await self._pipeline.drain(seconds)
        except TimeoutError:
            log.error(  # noqa: TRY400  where it was cut off says nothing of the cause
                "the drain did not end: what has not been committed will be sent again"
            )
            return {}, False

    def _stopped_watching(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ask_to_stop(as_fatal("watching the mapping files failed", error))

    # ---- wiring ----------------------------------------------------------------------------

    def _build(self, loop: asyncio.AbstractEventLoop) -> None:
        settings, tallies, clock = self._settings, self.tallies, SystemClock(loop)
        self._source = source = KafkaSource(
            settings.kafka,
            self._topics,
            start=settings.start,
            drain_seconds=settings.drain.revoke,
            tallies=tallies,
        )
        self._registry = RegistryClient(settings.registry, tallies=tallies, clock=clock)
        decoder = Decoder(
            registry=self._registry,
            reader_schemas=lambda topic: self._mapping.reader_schemas(topic),  # noqa: PLW0108  # a reload brings another one
            settings=settings.decode,
            tallies=tallies,
            reads=lambda topic: self._mapping.reads(topic),  # noqa: PLW0108  # likewise
            announce=_log_reader,
        )
        self._delivery = Delivery(
            destinations(settings.yespo, self._holds),
            settings.delivery,
            open_pool=pool_opener(settings.delivery, clock),
            ended=self._event_ended,
            may_send=source.polled_lately,
            clock=clock,
            tallies=tallies,
            rng=SystemRandom(),
            part=lambda: source.share,
        )
        self._dead_letters = DeadLetterWriter(
            settings.dead_letters,
            settings.kafka,
            clock=clock,
            loop=loop,
            tallies=tallies,
            sources=self._mapping.topics,
            endpoints=sorted(self._scope.endpoints) if self._scope is not None else (),
        )
        self._committer = Committer(
            send=source.commit,
            interval=settings.commit.interval,
            threshold=max(1, settings.commit.max_unacknowledged // 4),
            clock=clock,
            tallies=tallies,
        )
        limits = PipelineLimits(
            unacknowledged=self._budgets.unacknowledged,
            gap=settings.commit.max_gap,
            buffer_records=settings.buffer.records,
            buffer_bytes=settings.buffer.bytes,
            max_queued_seconds=self._budgets.max_queued_seconds,
        )
        mapping: Map = self._mapping
        if self._scope is not None:
            mapping = ScopedMap(mapping, self._holds)
        stages = Stages(
            source, decoder, mapping, self._delivery, self._dead_letters, self._committer
        )
        self._stages = stages if self._adapt is None else self._adapt(stages)
        self._pipeline = Pipeline(
            self._stages,
            limits=limits,
            breaker=self.breaker,
            ledger=self.ledger,
            tallies=tallies,
            clock=clock,
            loop=loop,
            stop=self.ask_to_stop,
        )
        parts = BridgeParts(
            source=source,
            registry=self._registry,
            decoder=decoder,
            mapping=self._mapping,
            delivery=self._delivery,
            dead_letters=self._dead_letters,
            committer=self._committer,
            pipeline=self._pipeline,
            breaker=self.breaker,
            ledger=self.ledger,
            tallies=tallies,
            limits=limits,
            max_in_flight=settings.delivery.max_in_flight,
            verdict=Verdict(),
        )
        self._observation = Observation(parts, loop)
        metrics = registry(BridgeCollector(PREFIX, METRICS, self._observation.samples))
        self._admin_server = AdminServer(
            settings.http.host, settings.http.port, metrics, self._observation.probes()
        )

    def _holds(self, endpoint: Endpoint) -> bool:
        return self._scope is None or self._scope.holds(endpoint)

    def _event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        self._pipeline.event_ended(flight, event, outcome)

    async def _open_dead_letters(self) -> bool:
        """Wait for Kafka as long as it takes; False when asked to stop first.

        Raises KafkaSetupError where the dead-letter topic is missing or forbidden.
        """
        opening = asyncio.ensure_future(self._dead_letters.open())
        asked = asyncio.ensure_future(self._stop_asked.wait())
        await asyncio.wait((opening, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not opening.done():
            opening.cancel()
            return False
        opening.result()
        return True


def _log_reader(topic: str, chosen: Chosen) -> None:
    why = {"why": chosen.why_not} if chosen.why_not else {}
    schema, reader = chosen.schema_id, chosen.reader
    log.info("schema met", topic=topic, schema=schema, type=chosen.type_name, reader=reader, **why)
