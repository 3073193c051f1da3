"""Fault drills: each fault turns the expression of its alert true in a real Prometheus, and few others.

Then the runbook's remedy is tried: the bridge works off all that waits, without a restart. What is
expected here stands as a table in docs/drills.md. `pending` counts: the expression is true,
and only the alert's `for` keeps it from speaking within the minutes of a test.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.bridge import Bridge
from tests.e2e.conftest import PARTITIONS, Shop, open_shop
from tests.e2e.drills import DRILLS, PAGE, Drill, page
from tests.e2e.test_prometheus import (
    OF_DRILLS,
    Watch,
    as_asked,
    watch,  # noqa: F401  # a fixture
)
from tests.ops.runbooks import questions
from tests.ops.test_dashboards import panels
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import free_port, wait_until
from tests.parts.registry import Registry

ENDED = 'yespo_bridge_records_ended_total{outcome="delivered"}'
SYMPTOMS = {"YespoBridgeDeliveryBudgetBurn", "YespoBridgeFreshnessBudgetBurn"}
"""The budgets burn beside most causes: that is what they are for."""


NAMED_WITHIN = 75
"""Seconds from the alert's expression to the verdict, which looks every five and counts a partition as
stuck after a minute."""


def named(bridge: Bridge, drill: Drill) -> bool:
    """Whether the bridge itself says what its alert says, with a time and a runbook."""
    found = bridge.status()["verdict"]["problems"]
    books = {problem["runbook"] for problem in found if problem["since"] and problem["remedy"]}
    return f"docs/runbooks/{drill.alert}.md" in books


@pytest.fixture
def shop(
    drill: Drill,
    registry: Registry,
    unique: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Shop]:
    with ExitStack() as stack:
        if drill.own_kafka:
            kafka = KafkaBroker()
            stack.callback(kafka.stop)
            kafka.start()
        else:
            kafka = request.getfixturevalue("kafka")
        yield stack.enter_context(open_shop(kafka, registry, unique, tmp_path))


def test_the_page_of_the_docs_is_up_to_date() -> None:
    assert PAGE.read_text() == page(PAGE.read_text())


@pytest.mark.kafka
@pytest.mark.registry
@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("drill", DRILLS, ids=[drill.fault for drill in DRILLS])
def test_a_fault_turns_its_alert_true_and_few_others_and_ends_by_its_runbook(
    shop: Shop,
    watch: Watch,  # noqa: F811  # the fixture
    drill: Drill,
) -> None:
    away = {"registry": {"url": f"http://127.0.0.1:{free_port()}"}}
    bridge = shop.bridge(**({} if drill.registry else away))
    bridge.start()
    bridge.wait_ready()
    prometheus = watch(bridge)
    wait_until(lambda: bool(prometheus.ask("yespo_bridge_build_info")), 30, "the first scrape")
    if not drill.warm:
        begun = f"count({ENDED}) == {PARTITIONS}"
        wait_until(lambda: bool(prometheus.ask(begun)), 60, "all partitions to be seen")
    elif drill.registry:
        # The fault must meet a bridge that Prometheus has seen at work: without that, records that
        # wait look like a bridge that has never moved (YespoBridgeStalled).
        shop.fill(600)
        shop.wait_committed()
        ended = f"sum(increase({ENDED}[10m])) > 0"
        wait_until(lambda: bool(prometheus.ask(ended)), 60, "records that end")
    drill.make(shop)
    if drill.traffic:
        shop.fill(drill.traffic, seed=2)

    def seen() -> bool:
        bridge.must_run()
        return drill.alert in prometheus.alerts("pending", "firing")

    wait_until(seen, 120, drill.alert, every=0.5)
    wait_until(lambda: named(bridge, drill), NAMED_WITHIN, "the verdict to name it", every=0.25)
    for panel in panels():
        if OF_DRILLS.get(panel["title"]) == drill.alert:
            [target] = panel["targets"]
            query = as_asked(target["expr"])
            wait_until(lambda: bool(prometheus.ask(query)), 60, panel["title"], every=0.5)  # noqa: B023 it is called before the next round
    answers = {text: prometheus.ask(text) for text in questions(drill.alert)}
    assert any(answers.values()), "the runbook's queries tell nothing"
    # The groups of rules are evaluated one after the other, and some read what another records: only
    # once each has seen what the expected alert has seen do they fit each other.
    prometheus.wait_evaluated()
    crowd = prometheus.alerts("pending", "firing") - {drill.alert, *drill.beside} - SYMPTOMS
    if machine_is_busy():
        crowd -= {"YespoBridgeShortOfCpu"}
    assert crowd == set()
    assert bridge.ready(), "no fault of others is unreadiness"
    if drill.repair is not None:
        drill.repair(shop)
        shop.wait_committed(240)


def machine_is_busy() -> bool:
    """Whether more processes want to run than there are cores: then the alert tells the truth, of
    the machine and not of the drill."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)
