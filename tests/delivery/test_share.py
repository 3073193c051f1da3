"""Members of a group that share the vendor's rate by their partitions, without a word between them."""

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from random import Random

import pytest

from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import Delivery
from consumer.delivery.destination import Destination
from consumer.delivery.endpoint.limiter import Limiter
from consumer.delivery.endpoint.share import Share
from consumer.telemetry.tallies import Tallies
from tests.delivery.makers import LEGACY, V2, ScriptedPool, a_flight, a_partition, an_event
from tests.fakes import ManualClock

DRAIN = 5.0


def test_a_part_counts_once_its_former_owner_must_have_stopped() -> None:
    share = Share()
    times = [0.0, 0.25, 0.5, 0.9, 1.0]
    assert [share.changed(0.5, now) for now in times] == [0.0, 0.0, 0.0, 0.0, 0.5]


def test_what_is_let_go_counts_at_once_and_what_comes_later_waits_its_own_time() -> None:
    share = Share()
    for now in range(10):
        share.changed(0.5, float(now))
    assert share.changed(1.0, 10.0) == 0.5
    assert share.changed(0.25, 10.5) == 0.25
    assert share.changed(1.0, 10.75) == 0.25
    assert share.changed(1.0, 11.5) == 0.25
    assert share.changed(1.0, 11.75) == 1.0


def test_less_than_the_whole_starts_fewer_requests_and_no_burst_comes_with_more() -> None:
    limiter = Limiter(100.0, 20, 0.0)
    limiter.share(0.25, 0.0)
    assert (limiter.ceiling, limiter.rate) == (25.0, 25.0)
    assert started(limiter, 0.0, 10.0) == 5 + 250
    limiter.share(1.0, 10.0)
    assert started(limiter, 10.0, 10.05) == 5
    assert limiter.rate == 100.0


def test_without_a_part_nothing_starts() -> None:
    limiter = Limiter(100.0, 20, 0.0)
    limiter.share(0.0, 0.0)
    assert limiter.opens(1000.0) == inf
    limiter.share(0.5, 1000.0)
    assert limiter.opens(1000.0) == pytest.approx(1000.02)


def test_where_the_vendor_names_no_limit_there_is_none_to_share() -> None:
    limiter = Limiter(None, 20, 0.0)
    limiter.share(0.0, 0.0)
    assert limiter.opens(0.0) == 0.0


def started(limiter: Limiter, now: float, until: float) -> int:
    count = 0
    while (at := max(now, limiter.opens(now))) <= until:
        now = at
        if limiter.opens(now) <= now:
            limiter.started(now)
            count += 1
    return count


@dataclass
class Group:
    """Members over one clock; partitions move as Kafka moves them: first let go, then given."""

    members: int
    partitions: int = 6
    rate: float = 60.0
    burst: int = 12
    offered: int = 5
    """What a busy member has to send at any time."""
    clock: ManualClock = field(default_factory=ManualClock)
    left: Counter[int] = field(default_factory=Counter)
    """Requests that left, by calendar second, over all members."""

    def __post_init__(self) -> None:
        self.owner: dict[int, int | None] = dict.fromkeys(range(self.partitions))
        self.pools = [ScriptedPool() for _ in range(self.members)]
        self.seen = [0] * self.members
        self.deliveries = [self._member(number) for number in range(self.members)]
        self.names = 0

    def _member(self, number: int) -> Delivery:
        self.clock.advance(0.1)  # they do not look at the same time
        return Delivery(
            [Destination(V2, "https://yespo.io/api/v2/event", None, self.rate, self.burst)],
            DeliverySettings(max_in_flight=1000),
            open_pool=lambda destination: self.pools[number],
            ended=lambda flight, event, outcome: None,
            may_send=lambda: True,
            clock=self.clock,
            tallies=Tallies(),
            rng=Random(number),
            part=lambda: list(self.owner.values()).count(number) / self.partitions,
        )

    def run(self, seconds: float, *, busy: bool = True) -> None:
        """Every busy member has always more to send than it may."""
        for _ in range(round(seconds * 20)):
            for delivery in self.deliveries:
                while busy and delivery.waiting < self.offered:
                    self.names += 1
                    delivery.submit(an_event(f"e{self.names}"), a_flight(a_partition()))
            self.clock.advance(0.05)
            second = self.clock.now_ms() // 1000
            for number, pool in enumerate(self.pools):
                self.left[second] += len(pool.sent) - self.seen[number]
                self.seen[number] = len(pool.sent)
                pool.answer_all(200)

    def move(self, partition: int, member: int | None) -> None:
        self.owner[partition] = member


def test_one_member_alone_never_exceeds_rate_and_burst_in_a_calendar_second() -> None:
    group = Group(1)
    for partition in range(6):
        group.move(partition, 0)
    group.run(30)
    assert max(group.left.values()) <= 72
    assert sum(list(group.left.values())[-11:-1]) >= 10 * 55, "and it uses what it may"


@pytest.mark.parametrize("seed", range(4))
def test_three_members_never_exceed_it_together_whatever_moves_between_them(seed: int) -> None:
    rng = Random(seed)
    group = Group(3)
    for partition in range(6):
        group.move(partition, 0)
    group.run(10)
    for _ in range(12):
        moving = rng.sample(range(6), rng.randint(1, 6))
        group.run(rng.choice([0.05, 0.5, DRAIN]))  # the former owner finishes what it has begun
        for partition in moving:
            group.move(partition, None)
        group.run(rng.choice([0.05, 0.3, 2.0]))
        for partition in moving:
            group.move(partition, rng.randrange(3))
        group.run(rng.choice([1.0, 7.0, 12.0]))
    assert max(group.left.values()) <= 72
    group.run(10)
    assert sum(list(group.left.values())[-6:-1]) >= 5 * 55, "settled, they use all there is"


@pytest.mark.parametrize("before", [0.05, 0.3, 0.55, 0.8])
def test_a_second_in_which_everything_moves_sees_one_burst_and_one_rate(before: float) -> None:
    group = Group(2, burst=30, offered=50)
    for partition in range(6):
        group.move(partition, 0)
    group.run(10)
    # The burst is whole again when the calendar second begins.
    group.run(5 - group.clock.now_ms() % 1000 / 1000, busy=False)
    group.run(before)
    for partition in range(6):
        group.move(partition, 1)
    group.run(4)
    assert max(group.left.values()) <= 90
    assert group.left[max(group.left) - 1] >= 55, "the new owner uses what it may"


def test_a_share_of_ones_own_is_fixed() -> None:
    pool, clock = ScriptedPool(), ManualClock()
    delivery = Delivery(
        [Destination(LEGACY, "https://tracker.yespo.io/api/v2", None, 100.0, 20)],
        DeliverySettings(share=0.5, max_in_flight=1000),
        open_pool=lambda destination: pool,
        ended=lambda flight, event, outcome: None,
        may_send=lambda: True,
        clock=clock,
        tallies=Tallies(),
        rng=Random(1),
        part=lambda: 0.0,
    )
    for number in range(100):
        delivery.submit(an_event(f"e{number}", endpoint=LEGACY), a_flight(a_partition()))
    assert len(pool.sent) == 10
    clock.advance(1.0)
    assert len(pool.sent) == 60
    assert delivery.queues[LEGACY].limiter.ceiling == 50.0
