"""How many partitions the group shares, as Kafka tells it."""

from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException

from consumer.source.totals import Totals
from tests.fakes import ManualClock


class Cluster:
    """Answers `list_topics` as confluent_kafka does."""

    def __init__(self, **topics: int) -> None:
        self.partitions = {name.replace("_", "."): count for name, count in topics.items()}
        self.down = False
        self.asked = 0

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        self.asked += 1
        if self.down:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        found = {
            name: SimpleNamespace(partitions=dict.fromkeys(range(count)))
            for name, count in self.partitions.items()
            if topic in {None, name}
        }
        return SimpleNamespace(topics=found)


def look(totals: Totals, cluster: Cluster) -> int | None:
    totals.look_after(cast("Consumer", cluster))
    return totals.partitions


def test_the_partitions_of_all_topics_that_are_read_are_counted_once() -> None:
    cluster = Cluster(shop_clicks=6, shop_orders=3, shop_other=50, mail_sent=9)
    totals = Totals(["shop.clicks", r"^shop\.(clicks|orders)"], ManualClock().monotonic)
    assert totals.partitions is None
    assert look(totals, cluster) == 9


def test_partitions_that_are_added_are_noticed_within_a_minute() -> None:
    cluster, clock = Cluster(shop_clicks=6), ManualClock()
    totals = Totals(["shop.clicks"], clock.monotonic)
    look(totals, cluster)
    cluster.partitions["shop.clicks"] = 12
    assert (look(totals, cluster), cluster.asked) == (6, 1)
    clock.advance(60)
    assert look(totals, cluster) == 12


def test_a_kafka_that_does_not_answer_leaves_what_was_known_and_is_asked_again() -> None:
    cluster, clock = Cluster(shop_clicks=6), ManualClock()
    totals = Totals(["shop.clicks"], clock.monotonic)
    cluster.down = True
    assert look(totals, cluster) is None
    assert (look(totals, cluster), cluster.asked) == (None, 1)
    cluster.down = False
    clock.advance(5)
    assert look(totals, cluster) == 6
    cluster.down = True
    clock.advance(60)
    assert look(totals, cluster) == 6
