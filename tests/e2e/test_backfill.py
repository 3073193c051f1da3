"""The history of a topic, told as past events: by the real program on a real Kafka."""

import json
import signal
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

BUDGET_REQUESTS = 64 + 1000
"""`delivery.max_in_flight` + `commit.max_unacknowledged`."""


def started(bridge: Bridge, *options: str, until: str = "2100-01-01T00:00:00Z") -> Any:
    config = str(bridge.write_config())
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "consumer", "backfill", "--config", config),
            *("--until", until, "--json", *options),
        ],
        env=bridge.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: Any, code: int = 0) -> dict[str, Any]:
    out, err = process.communicate(timeout=600)
    assert process.returncode == code, err
    summary: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return summary


def told(shop: Shop) -> Counter[tuple[int, int]]:
    """How often each record arrived as a past event; nothing else may have arrived."""
    found: Counter[tuple[int, int]] = Counter()
    for request in shop.sandbox.received:
        assert request.api == "past_events"
        assert not request.violations
        for event in json.loads(request.body)["events"]:
            assert "occurred" in event
            params = {one["name"]: one["value"] for one in event["params"]}
            found[int(params["partition"]), int(params["offset"])] += 1
    return found


def of_known_persons(shop: Shop) -> set[tuple[int, int]]:
    return {(one.partition, one.offset) for one in shop.topic.expected if one.api == "v2"}


def backfill_with_a_kill(shop: Shop, count: int, rate: str) -> None:
    shop.fill(count)
    bridge = shop.bridge()
    process = started(bridge, "--rate", rate)
    wait_until(lambda: bool(shop.sandbox.received), 60, "the first past events")
    some = len(of_known_persons(shop)) // 4
    wait_until(lambda: sum(told(shop).values()) > some, 120, "a part to be told")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    before = sum(told(shop).values())
    summary = ended(started(bridge, "--rate", rate))
    found = told(shop)
    repeated = sum(found.values()) - len(found)
    print(f"{len(found)} told, {before} before the kill, {repeated} repeated")
    assert set(found) == of_known_persons(shop)
    assert before < len(found)
    assert repeated <= BUDGET_REQUESTS
    assert summary["finished"] is True
    assert summary["failed"] == {}
    assert set(summary["left_out"]) == {"main/legacy/CustomEvent no_past_form"}
    assert ended(started(bridge))["records"] == 0  # there is nothing left


def test_a_backfill_that_is_killed_goes_on_and_nothing_is_told_as_live(shop: Shop) -> None:
    backfill_with_a_kill(shop, 1500, rate="4")


@pytest.mark.soak
def test_a_hundred_thousand_records_with_a_kill_in_the_middle(shop: Shop) -> None:
    backfill_with_a_kill(shop, 100_000, rate="100")


def test_records_behind_the_time_are_for_run(shop: Shop) -> None:
    shop.fill(100)
    summary = ended(started(shop.bridge(), until="2020-01-01T00:00:00Z"))
    assert summary["records"] == 0
    assert told(shop) == {}


def test_mappings_without_a_past_form_are_refused(shop: Shop) -> None:
    bridge = shop.bridge()
    text = (shop.folder / "mapping.yaml").read_text()
    (shop.folder / "mapping.yaml").write_text(text[: text.index("      - v2: clickForwarded")])
    process = started(bridge)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "no event of these mappings has a form for `past_events`" in err
    assert "main/legacy/CustomEvent" in err
