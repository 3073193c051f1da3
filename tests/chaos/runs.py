"""What chaos does to bridges: the runs that the tests, and the broken variants, go through."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until

TIMEOUTS = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}
UNACKNOWLEDGED = 200
IN_FLIGHT = 32
PROMISED = IN_FLIGHT + UNACKNOWLEDGED
"""Requests that a `kill -9` of a `member` repeats at most."""


Program = tuple[str, ...]
BRIDGE: Program = ("consumer",)


def member(shop: Shop, program: Program = BRIDGE, **sections: Any) -> Bridge:
    """A bridge that can be told from the others by its legacy site id, with short time-outs and
    small budgets, so that a run meets them."""
    settings = shop.settings()
    kafka = {**settings["kafka"], **TIMEOUTS, **sections.pop("kafka", {})}
    if kafka.get("group.protocol") == "consumer":
        kafka = {name: value for name, value in kafka.items() if name not in TIMEOUTS}
    yespo = settings["yespo"]
    yespo["accounts"]["main"]["legacy"]["site_id"] = f"MEMBER{len(shop.bridges)}"
    defaults = {
        "kafka": kafka,
        "yespo": yespo,
        "delivery": {"max_in_flight": IN_FLIGHT, "retry": {"initial": "100ms"}},
        "commit": {"max_unacknowledged": UNACKNOWLEDGED, "interval": "100ms"},
        "drain": {"revoke": "900ms"},
    }
    made = shop.bridge(**{**defaults, **sections})
    made.program = program
    return made


def site_id(bridge: Bridge) -> str:
    found: str = bridge.settings["yespo"]["accounts"]["main"]["legacy"]["site_id"]
    return found


def variant(name: str) -> Program:
    """The program of a broken bridge."""
    return ("tests.chaos.broken", name)


@contextmanager
def load(shop: Shop, rate: float, seed: int = 7, **how: Any) -> Iterator[None]:
    """Records come in at this rate as long as the block lasts."""
    over = threading.Event()
    faults: list[BaseException] = []

    def produce() -> None:
        try:
            shop.fill(1_000_000_000, seed, rate=rate, until=over.is_set, **how)
        except BaseException as error:  # noqa: BLE001 raised again below, in the test's thread
            faults.append(error)

    thread = threading.Thread(target=produce, name="load", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(120)
    assert not thread.is_alive()
    if faults:
        raise faults[0]


def assigned(bridge: Bridge) -> int:
    """How many partitions this bridge has."""
    return sum(one["assigned"] for one in bridge.status().get("partitions", {}).values())


def wait_members(shop: Shop, count: int, seconds: float = 60) -> None:
    wait_until(
        lambda: shop.kafka.members(shop.group) == count, seconds, f"{count} members", every=0.2
    )
