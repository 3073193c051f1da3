"""The delivery stage: events to their endpoints' lanes, each with a pool of its own."""

import base64
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from consumer.clock import Clock
from consumer.config.settings import DeliverySettings
from consumer.delivery.answer import Pool
from consumer.delivery.endpoint import EndpointLane
from consumer.delivery.httpx_pool import HttpxPool
from consumer.delivery.limiter import Limiter
from consumer.delivery.pool import HttpPool, Limits
from consumer.delivery.target import Target
from consumer.errors import ConfigError
from consumer.model import Endpoint, Event, Flight, Partition
from consumer.stages import EventEnded
from consumer.telemetry.tallies import Tallies


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the events of an endpoint go.

    `secret` is the API key (None for the tracker, which knows no authorisation), asked for again
    before each trial after a stop and now and then. In any second at most `rate + burst` requests
    start; a `rate` of None is no limit until the vendor shows one.
    """

    endpoint: Endpoint
    url: str
    secret: Callable[[], str] | None = None
    rate: float | None = None
    burst: int = 50

    def authorization(self) -> str | None:
        """HTTP Basic, "any value in Username, your API key in Password" (docs.yespo.io, API keys)."""
        if self.secret is None:
            return None
        pair = f"user:{self.secret()}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


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
    ) -> None:
        self._lanes = {
            destination.endpoint: EndpointLane(
                destination.endpoint,
                open_pool(destination),
                settings,
                limiter=Limiter(destination.rate, destination.burst, clock.monotonic()),
                authorization=destination.authorization,
                ended=ended,
                may_send=may_send,
                clock=clock,
                tallies=tallies,
                rng=rng,
            )
            for destination in destinations
        }

    @property
    def lanes(self) -> Mapping[Endpoint, EndpointLane]:
        """For metrics and status: `state`, `in_flight`, `waiting`, `last_error` of each."""
        return self._lanes

    @property
    def in_flight(self) -> int:
        """Requests on the wire."""
        return sum(lane.in_flight for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """Events taken that are neither ended nor on the wire."""
        return sum(lane.waiting for lane in self._lanes.values())

    def submit(self, event: Event, flight: Flight) -> None:
        self._lanes[event.endpoint].submit(event, flight)

    def abandon(self, partitions: Sequence[Partition]) -> None:
        given_up = frozenset(partitions)
        for lane in self._lanes.values():
            lane.abandon(given_up)

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()


def pool_opener(settings: DeliverySettings, clock: Clock) -> OpenPool:
    """Makes the pools that `settings` ask for. Raises ConfigError for a CA file or URL that cannot
    be used."""
    tls = _tls_context(settings.ca_file)
    limits = Limits(
        settings.connect_timeout,
        settings.response_timeout,
        settings.total_timeout,
        settings.connection_age,
        settings.keepalive,
    )

    def open_pool(destination: Destination) -> Pool:
        try:
            target = Target(destination.url)
        except ValueError as error:
            raise ConfigError(f"URL of {destination.endpoint}: {error}") from error
        authorization = destination.authorization()
        if settings.client == "httpx":
            return HttpxPool(
                destination.url,
                limits,
                tls=tls,
                authorization=authorization,
                proxy=settings.proxy,
            )
        return HttpPool(target, limits, clock, tls=tls, authorization=authorization)

    return open_pool


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Always verifying. A `ca_file` stands in place of the system's authorities."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"delivery.ca_file {ca_file}: no certificates readable there") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
