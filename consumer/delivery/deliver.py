"""The delivery stage: events to their endpoints' queues, each with a pool of its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from random import Random

from consumer.clock import Clock
from consumer.config.settings import DeliverySettings
from consumer.credentials.tls import TlsFiles
from consumer.delivery.batches import Batches
from consumer.delivery.destination import Destination
from consumer.delivery.endpoint.giving_back import untouched
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.limiter import Limiter
from consumer.delivery.endpoint.queue import EndpointQueue
from consumer.delivery.endpoint.share import Sharing
from consumer.delivery.http.answer import Pool
from consumer.delivery.http.httpx_pool import HttpxPool
from consumer.delivery.http.pool import HttpPool, Limits
from consumer.delivery.http.target import Target
from consumer.delivery.past_events import PastEvents
from consumer.delivery.product_updates import ProductUpdates
from consumer.errors import ConfigError
from consumer.model import Endpoint, Event, Flight, Partition, Progress
from consumer.stages import EventEnded
from consumer.telemetry.tallies import Tallies

OpenPool = Callable[[Destination], Pool]


class Delivery:
    """Implements `stages.Deliver`."""

    def __init__(
        self,
        destinations: Sequence[Destination],
        settings: DeliverySettings,
        *,
        open_pool: OpenPool,
        ended: EventEnded,
        may_send: Callable[[], bool],
        clock: Clock,
        tallies: Tallies,
        rng: Random,
        part: Callable[[], float | None] | None = None,
    ) -> None:
        """`part` is what this process has of all partitions of its group (None while unknown), by
        which members share the rates. Without it the process counts as alone."""

        def queue(
            destination: Destination,
            wrap: Callable[[Pool], Pool],
            told: EventEnded,
            past: Callable[[Job], None] | None = None,
        ) -> EndpointQueue:
            return EndpointQueue(
                destination.endpoint,
                wrap(open_pool(destination)),
                settings,
                limiter=Limiter(destination.rate, destination.burst, clock.monotonic()),
                authorization=destination.authorization,
                ended=told,
                may_send=may_send,
                clock=clock,
                tallies=tallies,
                rng=rng,
                past=past,
            )

        past_events = {
            destination.endpoint.account: PastEvents(
                destination.endpoint,
                partial(queue, destination),
                retry=settings.retry,
                ended=ended,
                clock=clock,
                rng=rng,
            )
            for destination in destinations
            if destination.endpoint.api == "past_events"
        }
        self._batches: dict[Endpoint, Batches] = {}
        self._queues: dict[Endpoint, EndpointQueue] = {}
        self._takers: dict[Endpoint, EndpointQueue | ProductUpdates] = {}
        linger = settings.product_update_linger
        for destination in destinations:
            endpoint, past = destination.endpoint, past_events.get(destination.endpoint.account)
            if past is not None and endpoint.api == "past_events":
                self._batches[endpoint] = past
                self._queues[endpoint] = past.queue
            elif endpoint.api == "legacy" and linger is not None:
                open_queue = partial(queue, destination)
                updates = ProductUpdates(open_queue, linger=linger, ended=ended, clock=clock)
                self._batches[endpoint] = self._takers[endpoint] = updates
                self._queues[endpoint] = updates.queue
            else:
                take = past.take if past is not None and endpoint.api == "v2" else None
                self._queues[endpoint] = queue(destination, _as_it_is, ended, take)
        self._takers = {**self._queues, **self._takers}
        self._sharing: Sharing | None = None
        if settings.share == "auto" and part is not None:
            self._sharing = Sharing(self._queues.values(), part, clock)
        elif settings.share != "auto":
            for one in self._queues.values():
                one.share(settings.share)

    @property
    def queues(self) -> Mapping[Endpoint, EndpointQueue]:
        """For metrics and status: `state`, `in_flight`, `last_error` of each."""
        return self._queues

    @property
    def in_flight(self) -> int:
        """Requests on the wire."""
        return sum(queue.in_flight for queue in self._queues.values())

    @property
    def waiting(self) -> int:
        """Events taken that are neither ended nor on the wire."""
        return sum(map(self.waiting_for, self._queues))

    def waiting_for(self, endpoint: Endpoint) -> int:
        """Those of one endpoint. Its queue may count batches only."""
        return self._batches.get(endpoint, self._queues[endpoint]).waiting

    def progress(self, events: Collection[Event]) -> dict[Event, Progress]:
        """Returns how far unfinished events have come. Events that wait for another event of the same
        person, or for others to go with, are left out."""
        found: dict[Event, Progress] = {}
        for endpoint in {event.endpoint for event in events}:
            wanted = {event for event in events if event.endpoint == endpoint}
            found |= self._batches.get(endpoint, self._queues[endpoint]).progress(wanted)
        return found

    @property
    def queued_seconds(self) -> float:
        return max([queue.queued_seconds for queue in self._queues.values()], default=0.0)

    def submit(self, event: Event, flight: Flight) -> None:
        self._takers[event.endpoint].submit(event, flight)

    def give_back(self, partitions: Sequence[Partition]) -> Collection[Flight]:
        leaving = frozenset(partitions)
        # Events that go in batches have an order of their own: their records are kept.
        jobs = {
            queue: queue.unfinished_jobs(leaving)
            for endpoint, queue in self._queues.items()
            if endpoint not in self._batches
        }
        given_back = untouched([job for found in jobs.values() for job in found])
        for queue, found in jobs.items():
            queue.drop(given_back, found)
        return given_back

    def hurry(self, partitions: Sequence[Partition]) -> None:
        for queue in self._queues.values():
            queue.hurry(partitions)

    def abandon(self, partitions: Sequence[Partition]) -> None:
        given_up = frozenset(partitions)
        for batches in self._batches.values():
            batches.forget(given_up)
        for queue in self._queues.values():
            queue.abandon(given_up)

    async def close(self) -> None:
        if self._sharing is not None:
            self._sharing.close()
        for queue in self._queues.values():
            await queue.close()


def _as_it_is(pool: Pool) -> Pool:
    return pool


def pool_opener(settings: DeliverySettings, clock: Clock, method: str = "POST") -> OpenPool:
    """Makes the pools that `settings` ask for. Another `method` is for probes. Raises ConfigError for
    certificate files or a URL that cannot be used."""
    tls = TlsFiles(
        "delivery", settings.ca_file, settings.certificate_file, settings.key_file
    ).context
    limits = Limits.of(settings)

    def open_pool(destination: Destination) -> Pool:
        try:
            target = Target(destination.url, method)
        except ValueError as error:
            raise ConfigError(f"URL of {destination.endpoint}: {error}") from error
        authorization = destination.authorization()
        reads = destination.endpoint.api == "past_events"
        if settings.client == "httpx":
            return HttpxPool(
                destination.url,
                limits,
                tls=tls,
                authorization=authorization,
                proxy=settings.proxy,
                reads_success=reads,
                method=method,
            )
        return HttpPool(
            target, limits, clock, tls=tls, authorization=authorization, reads_success=reads
        )

    return open_pool
