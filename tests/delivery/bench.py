"""A whole delivery stage over scripted pools and a clock that stands still."""

from dataclasses import dataclass, field
from random import Random

from consumer.config.settings import DeliverySettings, RetrySettings
from consumer.delivery.deliver import Delivery
from consumer.delivery.destination import Destination
from consumer.delivery.endpoint.queue import EndpointQueue
from consumer.model import Event, Flight, Outcome, Partition
from consumer.telemetry.tallies import Tallies
from tests.delivery.makers import (
    LEGACY,
    PAST,
    V2,
    ScriptedPool,
    a_flight,
    a_partition,
    an_event,
)
from tests.fakes import ManualClock


@dataclass
class Bench:
    """A delivery stage with one v2 and one legacy endpoint, and all that it says."""

    limit: int = 8
    retry: RetrySettings = field(default_factory=RetrySettings)
    rate: float | None = None
    burst: int = 50
    pool: ScriptedPool = field(default_factory=ScriptedPool)
    legacy: ScriptedPool = field(default_factory=ScriptedPool)
    past: ScriptedPool = field(default_factory=ScriptedPool)
    clock: ManualClock = field(default_factory=ManualClock)
    tallies: Tallies = field(default_factory=Tallies)
    may_send: bool = True
    secret: str = "key"
    product_update_linger: float | None = None
    ended: list[tuple[str, Outcome]] = field(default_factory=list)

    def __post_init__(self) -> None:
        pools = {V2: self.pool, LEGACY: self.legacy, PAST: self.past}
        self.here = a_partition()
        self.delivery = Delivery(
            [
                Destination(
                    V2, "https://yespo.io/api/v2/event", lambda: self.secret, self.rate, self.burst
                ),
                Destination(LEGACY, "https://tracker.yespo.io/api/v2"),
                Destination(PAST, "https://yespo.io/api/v2/past_events"),
            ],
            DeliverySettings(
                max_in_flight=self.limit,
                retry=self.retry,
                product_update_linger=self.product_update_linger,
            ),
            open_pool=lambda destination: pools[destination.endpoint],
            ended=self._event_ended,
            may_send=lambda: self.may_send,
            clock=self.clock,
            tallies=self.tallies,
            rng=Random(7),
        )

    def _event_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        self.ended.append((event.body.decode(), outcome))

    @property
    def queue(self) -> EndpointQueue:
        return self.delivery.queues[V2]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.ended]

    def submit(self, name: str, *order_by: str, partition: Partition | None = None) -> None:
        self.take(an_event(name, *order_by), partition)

    def take(self, event: Event, partition: Partition | None = None) -> None:
        self.delivery.submit(event, a_flight(partition or self.here))

    def deliver(self, name: str) -> None:
        """Submit an event of its own person and have it delivered."""
        self.submit(name)
        self.pool.answer(name, 200)

    def outcome(self, name: str) -> Outcome:
        (found,) = [outcome for ended, outcome in self.ended if ended == name]
        return found
