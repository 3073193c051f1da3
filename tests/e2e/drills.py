"""The fault drills: what is broken, which alert must speak, and which may beside it.

`python -m tests.e2e.drills` writes the table of docs/drills.md anew.
"""

import signal
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors
from tests.e2e.conftest import PARTITIONS, Shop
from tests.e2e.shop import ROOT, SCHEMA, START_MS
from tests.parts.ports import wait_until

PAGE = ROOT / "docs" / "drills.md"
HEAD = "| fault | alert | may speak beside it | what ends it |\n|---|---|---|---|\n"
STUCK = "visitor-stuck-7741"
ORDERS_ALONE = '\n    when: kind == "order"'


@dataclass(frozen=True)
class Drill:
    """`beside` are alerts that may be true too, each with the reason (empty: it needs none).

    `repair` is what the runbook says, and `remedy` that in words: the bridge then works off all that
    waits, without a restart.
    """

    fault: str
    make: Callable[[Shop], None]
    alert: str
    remedy: str
    repair: Callable[[Shop], None] | None = None
    beside: Mapping[str, str] = field(default_factory=dict)
    traffic: int = 2000
    """Good records that come once the fault is there."""
    registry: bool = True
    warm: bool = True
    """Records of every partition end before. What has ended in one counts against the alert about it
    for ten minutes."""
    own_kafka: bool = False
    """The fault ends a broker, which therefore must not be the one of all tests."""


def vendor_down(shop: Shop) -> None:
    shop.sandbox.refuse_connections()


def wrong_key(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(unauthorized=True)


def throttled(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(throttle_above=20)


def slow(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(latency="4")


def failing(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(error=0.15)


def some_bad_records(shop: Shop) -> None:
    _produce(shop, b"no avro at all", 60)


def only_bad_records(shop: Shop) -> None:
    """More than half of what the breaker counts of a topic."""
    _produce(shop, b"no avro at all", 400)


def unknown_schema(shop: Shop) -> None:
    """An id that only the registry, which is away, could know."""
    _produce(shop, struct.pack(">bI", 0, shop.schema_id + 1) + b"rest", 1)


def dead_letter_topic_gone(shop: Shop) -> None:
    shop.kafka.admin.delete_topics([shop.dead])[shop.dead].result(30)
    _produce(shop, b"no avro at all", 3)


def one_visitor_never_answered(shop: Shop) -> None:
    """All of partition 0 is of one visitor, eleven minutes old; the other partitions go on."""
    shop.sandbox.faults = FaultProfile(slow=STUCK, slow_seconds=600)
    producer = shop.kafka.producer()
    write = AvroWriter(SCHEMA, shop.schema_id)
    long_ago = time.time_ns() // 1_000_000 - 11 * 60_000
    for number, record in enumerate(islice(Visitors(5, lambda: START_MS).records(), 1000)):
        partition, timestamp = 1 + number % (PARTITIONS - 1), 0
        record["user"] = None
        if number % 50 == 0:
            partition, timestamp = 0, long_ago
            record["visitor_id"] = STUCK
        producer.produce(shop.clicks, write(record), partition=partition, timestamp=timestamp)
    assert producer.flush(30) == 0


def kafka_away(shop: Shop) -> None:
    shop.kafka.kill()


def kafka_back(shop: Shop) -> None:
    shop.kafka.restart()


def mapping_refused(shop: Shop) -> None:
    """A typo is rolled out."""
    shop.change_mapping("externalCustomerId: user.id", "externalCustomerId: user.idd")


def mapping_corrected(shop: Shop) -> None:
    shop.change_mapping("externalCustomerId: user.idd", "externalCustomerId: user.id")
    [bridge] = shop.bridges
    wait_until(lambda: not bridge.status()["mapping_refused"], 60, "the mapping", every=0.25)


def mapping_too_narrow(shop: Shop) -> None:
    """Right by its grammar, and wrong: what it takes now are orders alone."""
    [bridge] = shop.bridges
    before = bridge.status()["mapping"]
    shop.change_mapping("- name: position", f"- name: position{ORDERS_ALONE}")
    wait_until(lambda: bridge.status()["mapping"] != before, 60, "the changed mapping", every=0.25)


def mapping_rolled_back(shop: Shop) -> None:
    shop.change_mapping(ORDERS_ALONE, "")


def go_on(shop: Shop) -> None:
    [bridge] = shop.bridges
    assert bridge.process is not None
    bridge.process.send_signal(signal.SIGHUP)


def yespo_well(shop: Shop) -> None:
    shop.sandbox.accept_connections()
    shop.sandbox.faults = FaultProfile()


def dead_letter_topic_back(shop: Shop) -> None:
    shop.kafka.create_topic(shop.dead, 3)


def nothing(shop: Shop) -> None:
    """It has ended already."""


def _produce(shop: Shop, value: bytes, count: int) -> None:
    producer = shop.kafka.producer()
    for number in range(count):
        producer.produce(shop.clicks, value, b"odd", partition=number % PARTITIONS)
    assert producer.flush(30) == 0


DRILLS = (
    Drill(
        "the brokers are killed",
        kafka_away,
        "YespoBridgeKafkaUnreachable",
        "the brokers are back",
        kafka_back,
        traffic=0,
        own_kafka=True,
    ),
    Drill(
        "Yespo refuses connections",
        vendor_down,
        "YespoBridgeEndpointDown",
        "Yespo is back",
        yespo_well,
        {"YespoBridgeRequestsFailing": "before the endpoint counts as down"},
    ),
    Drill(
        "401 to every v2 request",
        wrong_key,
        "YespoBridgeEndpointMisconfigured",
        "the key is taken",
        yespo_well,
    ),
    Drill(
        "429 above 20 requests a second",
        throttled,
        "YespoBridgeThrottled",
        "Yespo takes more; the rate grows by itself",
        yespo_well,
        {"YespoBridgeRateLimitBound": ""},
    ),
    Drill(
        "every answer takes 4 s",
        slow,
        "YespoBridgeRequestsSlow",
        "Yespo answers at once",
        yespo_well,
    ),
    Drill(
        "15 % of the requests answered 500",
        failing,
        "YespoBridgeRequestsFailing",
        "Yespo is well",
        yespo_well,
        {"YespoBridgeEndpointDown": "after five in a row"},
    ),
    Drill(
        "one visitor, alone in a partition, is never answered",
        one_visitor_never_answered,
        "YespoBridgePartitionStuck",
        "the visitor's events are answered",
        yespo_well,
        traffic=0,
        warm=False,
    ),
    Drill(
        "2 % of the records are not Avro",
        some_bad_records,
        "YespoBridgeDeadLetters",
        "they lie in the dead-letter topic",
        nothing,
    ),
    Drill(
        "400 records that are not Avro",
        only_bad_records,
        "YespoBridgeDeadLetterBreakerOpen",
        "SIGHUP: set them aside",
        go_on,
        {"YespoBridgeDeadLetters": ""},
        traffic=0,
    ),
    Drill(
        "a mapping with a typo is rolled out",
        mapping_refused,
        "YespoBridgeMappingRefused",
        "the typo is corrected",
        mapping_corrected,
    ),
    Drill(
        "a mapping is rolled out that takes orders alone",
        mapping_too_narrow,
        "YespoBridgeDeadLetterBreakerOpen",
        "the mapping is rolled back",
        mapping_rolled_back,
        {"YespoBridgeDeadLetters": ""},
    ),
    Drill(
        "registry away, a record with an unknown schema",
        unknown_schema,
        "YespoBridgeRegistryUnreachable",
        "the registry is back (`tests/e2e/test_registry_weather.py`)",
        traffic=0,
        registry=False,
    ),
    Drill(
        "the dead-letter topic is deleted",
        dead_letter_topic_gone,
        "YespoBridgeDeadLetterFailing",
        "the topic is created again",
        dead_letter_topic_back,
    ),
)


def table() -> str:
    rows = []
    for drill in DRILLS:
        alert = f"[{drill.alert}](runbooks/{drill.alert}.md)"
        beside = ", ".join(f"{name}, {why}" if why else name for name, why in drill.beside.items())
        rows.append(f"| {drill.fault} | {alert} | {beside} | {drill.remedy} |")
    return HEAD + "\n".join(rows) + "\n"


def page(now: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = now.partition(HEAD)
    _, _, after = rest.partition("\n\n")
    return f"{before}{table()}\n{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
