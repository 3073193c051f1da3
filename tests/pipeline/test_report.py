"""The ledgers as data: sums, reasons, and the lines that do not balance."""

from consumer.model import Ended, Endpoint, Partition
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.report import partitions, summary


def a_ledger() -> Ledger:
    ledger = Ledger()
    zero = ledger.of_partition(Partition("clicks", 0, 1))
    zero.received, zero.delivered, zero.released, zero.in_flight = 10, 4, 1, 2
    zero.filtered = {"no_rule": 2}
    zero.dead_lettered = {"truncated": 1}
    one = ledger.of_partition(Partition("clicks", 1, 1))
    one.received, one.filtered = 3, {"no_rule": 1, "tombstone": 2}
    carts = ledger.of_event(Endpoint("main", "v2"), "cartUpdated")
    carts.built = 5
    for how in (Ended.DELIVERED, Ended.DELIVERED, Ended.EXPIRED, Ended.DEAD_LETTERED):
        carts.end(how)
    carts.in_flight = 1
    return ledger


def test_the_summary_adds_up_over_partitions() -> None:
    assert summary(a_ledger()) == {
        "received": 13,
        "outcomes": {"delivered": 4, "filtered": 5, "dead_lettered": 1, "released": 1},
        "in_flight": 2,
        "reasons": {"filtered": {"no_rule": 3, "tombstone": 2}, "dead_lettered": {"truncated": 1}},
        "events": {
            "main/v2/cartUpdated": {
                "built": 5,
                "delivered": 2,
                "superseded": 0,
                "expired": 1,
                "dead_lettered": 1,
                "released": 0,
                "in_flight": 1,
            }
        },
        "balanced": True,
        "imbalance": [],
    }


def test_a_partition_shows_its_own_ends() -> None:
    assert partitions(a_ledger())["clicks/1"] == {
        "received": 3,
        "delivered": 0,
        "filtered": 3,
        "dead_lettered": 0,
        "released": 0,
        "in_flight": 0,
    }


def test_a_record_that_is_nowhere_makes_the_ledger_say_so() -> None:
    ledger = a_ledger()
    ledger.records["clicks", 1].received += 1
    found = summary(ledger)
    assert found["balanced"] is False
    assert found["imbalance"] == ["records of clicks/1: received 4, ended 3, in flight 0"]
