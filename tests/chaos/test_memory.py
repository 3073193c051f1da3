"""A backlog of a million records is worked off in the memory of a small one."""

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.server import Sandbox
from consumer.sandbox.visitors import Visitors, key_of
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import SCHEMA, START_MS
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(3600)]

MEBI = 1024**2


Clicks = Callable[[AvroWriter], Iterator[tuple[str, bytes]]]
"""Keys and values of clicks, without end."""


def of_a_thousand_visitors(write: AvroWriter) -> Iterator[tuple[str, bytes]]:
    """Their clicks, over and over."""
    clicks = islice(Visitors(1, lambda: START_MS).records(), 20_000)
    return cycle([(key_of(one), write(one)) for one in clicks if one["visitor_id"]])


def of_strangers(write: AvroWriter) -> Iterator[tuple[str, bytes]]:
    """Each click of somebody who was never seen before: another cookie, and where there is a user,
    another person by every identifier."""
    clicks = list(islice(Visitors(1, lambda: START_MS).records(), 2000))
    for number, click in enumerate(cycle(clicks)):
        visitor = f"stranger-{number}"
        user = click["user"] and {
            **click["user"],
            "id": f"customer-{number}",
            "email": f"stranger-{number}@example.com",
            "phone": f"+38050{number:07}",
            "contact_id": None,
            "push_token": None,
        }
        yield visitor, write({**click, "visitor_id": visitor, "user": user})


def backlog(shop: Shop, records: int, clicks: Clicks) -> None:
    """Many records, before anybody reads them."""
    made = clicks(AvroWriter(SCHEMA, shop.schema_id))
    producer = shop.kafka.producer(linger_ms=20)
    for key, value in islice(made, records):
        while True:
            try:
                producer.produce(shop.clicks, value, key)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(120) == 0


@pytest.mark.soak
@pytest.mark.parametrize(
    ("run", "clicks"),
    [
        ("backlog of 1,000,000 records", of_a_thousand_visitors),
        ("backlog of 1,000,000 records of as many persons", of_strangers),
    ],
)
def test_memory_is_flat_over_a_million_records(
    kafka: KafkaBroker,
    registry: Registry,
    unique: Callable[[str], str],
    tmp_path: Path,
    figure: Figure,
    run: str,
    clicks: Clicks,
) -> None:
    marks = [100_000, 250_000, 500_000, 750_000, 1_000_000]
    with open_shop(kafka, registry, unique, tmp_path) as shop:
        backlog(shop, marks[-1], clicks)
        with Sandbox(lambda api, body: (), keep=1000) as sandbox:
            shop.sandbox = sandbox
            settings = shop.settings()
            settings["yespo"]["accounts"]["main"]["v2"]["rate"] = None
            bridge = shop.bridge(yespo=settings["yespo"])
            bridge.start()
            bridge.wait_ready()
            seen = [memory_at(shop, mark) for mark in marks]
            code, _ = bridge.terminate()
    shown = [
        f"{rss / MEBI:.0f} MiB at {mark // 1000} k" for mark, rss in zip(marks, seen, strict=True)
    ]
    figure(
        run,
        "RSS at most 200 MB, flat from 100 k to 1 M",
        ", ".join(shown),
    )
    assert code == 0
    assert max(seen) <= 200_000_000
    assert max(seen) - seen[0] <= 10 * MEBI


def memory_at(shop: Shop, mark: int) -> int:
    bridge = shop.bridges[0]

    def ended() -> int:
        ledger = bridge.status()["ledger"]
        done: int = ledger["received"] - ledger["in_flight"]
        return done

    wait_until(lambda: ended() >= mark, 1200, f"{mark} records to end", every=0.5)
    return bridge.memory
