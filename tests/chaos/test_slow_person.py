"""One person whose requests take seconds: others do not wait, and a kill repeats little."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings, repeats_per_cut
from tests.chaos.runs import BRIDGE, PROMISED, Program, load, member, variant
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import Request, arrived, request_of
from tests.parts.kafka import KafkaBroker
from tests.parts.registry import Registry
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(1800)]

STATIC = {"group.instance.id": "bridge-0"}
SLOW_RECORDS = 12
"""Of each slow person at the beginning: at 5 s each, a minute until the gap closes. All of them are
admitted and wait, so those of six partitions must leave room below PROMISED."""
SLOW = "somebody-whose-requests-are-slow"


def slow_people(shop: Shop) -> dict[int, str]:
    """One visitor of each partition, with one record as yet."""
    partitions = set(shop.kafka.end_offsets(shop.clicks))
    found: dict[int, str] = {}
    for number in itertools.count():
        shop.fill(1, seed=number, visitor=f"candidate-{number}-")
        for (partition, _), person in shop.topic.persons.items():
            found.setdefault(partition, person)
        if set(found) == partitions:
            return found
    raise AssertionError("never")


def fill_with_slow_people(shop: Shop, records: int, seconds: float, first: int = 1) -> set[str]:
    """One slow person per partition, with `first` records at its beginning and one at its end."""
    slow = set(slow_people(shop).values())
    for person in slow if first > 1 else ():
        shop.fill(first - 1, visitor=person)
    shop.fill(records)
    for number, person in enumerate(slow):
        shop.fill(1, seed=number, visitor=person)
    shop.sandbox.faults = FaultProfile(slow="|".join(slow), slow_seconds=seconds)
    return slow


def killed_above_the_gap(shop: Shop, program: Program, records: int, seconds: float) -> int:
    """Kill when most records have ended but the slow ones have not. Returns the repeats.

    A slow person's requests go one after the other, so that several hold their partition's gap open
    until the kill, also on a machine that is slow at all the rest. Were it closed before, there
    would be nothing that a map could save.
    """
    slow = fill_with_slow_people(shop, records, seconds, SLOW_RECORDS)
    others = len(shop.topic.expected) - len(slow) * SLOW_RECORDS
    first = member(shop, program, kafka=STATIC)
    with Watcher(shop) as watcher:
        first.start()
        shop.wait_arrived(others * 3 // 4)
        first.kill()
        cut = shop.requests()
        shop.sandbox.faults = FaultProfile()  # what is slow has been shown
        member(shop, program, kafka=STATIC).start()
        shop.wait_committed(180)
    assert findings(shop, watcher) == []
    (repeats,) = repeats_per_cut(arrived(shop.sandbox.received), [cut])
    return repeats


def test_a_kill_repeats_little_of_what_ended_above_a_slow_person(shop: Shop) -> None:
    repeats = killed_above_the_gap(shop, BRIDGE, 1000, seconds=2)
    assert repeats <= PROMISED


@pytest.mark.soak
def test_the_completed_map_saves_nine_of_ten_repetitions(
    kafka: KafkaBroker,
    registry: Registry,
    unique: Callable[[str], str],
    tmp_path: Path,
    figure: Figure,
) -> None:
    seen = {}
    for name, program in (("with", BRIDGE), ("without", variant("forgets_the_map"))):
        folder = tmp_path / name
        folder.mkdir()
        with open_shop(kafka, registry, unique, folder) as shop:
            seen[name] = killed_above_the_gap(shop, program, 6_000, seconds=5)
    cut = 1 - seen["with"] / seen["without"]
    figure(
        "kill -9 with one 5 s slow person per partition",
        "the completed map saves at least 90 % of the repetitions",
        f"{seen['with']} repeated with the map, {seen['without']} without: {cut:.1%} saved",
    )
    assert cut >= 0.9


def test_others_of_the_partition_do_not_wait_for_a_slow_person(
    kafka: KafkaBroker, registry: Registry, unique: Callable[[str], str], tmp_path: Path
) -> None:
    with open_shop(kafka, registry, unique, tmp_path, partitions=1) as shop:
        slow = fill_with_slow_people(shop, 400, seconds=2)
        of_slow = {where for where, person in shop.topic.persons.items() if person in slow}
        member(shop).start()
        shop.wait_committed(60)
        by_slow = [one.at_ms for one in shop.sandbox.received if _where(request_of(one)) in of_slow]
        others = [
            one.at_ms for one in shop.sandbox.received if _where(request_of(one)) not in of_slow
        ]
        assert len(by_slow) == 2
        assert by_slow[1] - by_slow[0] >= 2000
        assert max(others) < by_slow[1]
        assert shop.verdict().clean


@pytest.mark.soak
def test_the_p99_of_others_rises_by_less_than_a_tenth(
    kafka: KafkaBroker,
    registry: Registry,
    unique: Callable[[str], str],
    tmp_path: Path,
    figure: Figure,
) -> None:
    """Stretches with and without a slow request under way alternate, so that both meet the same
    machine. The time is from the record's timestamp to the arrival at the vendor's double."""
    stretch, pairs = 6.0, 10
    with open_shop(kafka, registry, unique, tmp_path, partitions=1) as shop:
        shop.fill(50)
        member(shop).start()
        shop.wait_committed(60)
        shop.sandbox.faults = FaultProfile(latency="0.03")
        windows: list[tuple[float, float, bool]] = []
        with load(shop, 100):
            for number in range(2 * pairs):
                slowed = number % 2 == 0
                shop.sandbox.faults = FaultProfile(
                    latency="0.03", slow=SLOW if slowed else "", slow_seconds=5
                )
                begin = time.time() * 1000
                if slowed:
                    shop.fill(1, seed=number, visitor=SLOW)
                time.sleep(stretch)  # the length of a measurement, not a wait for something
                windows.append((begin, time.time() * 1000, slowed))
        shop.wait_committed(120)
        waits: dict[bool, list[float]] = {True: [], False: []}
        for one in shop.sandbox.received:
            at = shop.topic.produced_ms[_where(request_of(one))]
            for begin, end, slowed in windows:
                if begin <= at < end and SLOW.encode() not in one.body:
                    waits[slowed].append(one.at_ms - at)
        assert shop.verdict().clean
    with_slow, without = (_p99(waits[key]) for key in (True, False))
    figure(
        "one person whose requests take 5 s",
        "p99 of the others on the partition rises by less than 10 %",
        f"{without:.0f} ms without, {with_slow:.0f} ms with ({with_slow / without - 1:+.1%}), "
        f"{len(waits[True]):,} requests each",
    )
    assert with_slow < 1.1 * without


def _where(request: Request) -> tuple[int, int]:
    return request.partition, request.offset


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]
