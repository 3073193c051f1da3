"""A mapping that changes under load: nothing lost, nothing mapped twice, one switch per partition."""

import json
import signal
from collections import defaultdict
from itertools import groupby

import pytest

from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

BATCH = 2_000


def write_release(shop: Shop, release: str) -> None:
    """Put a mapping in force whose events carry `release`; the file is replaced as a whole."""
    shop.settings()  # writes the mapping for this test's topic
    path = shop.folder / "mapping.yaml"
    tag = f"        tags:\n          release: '\"{release}\"'\n"
    text = path.read_text()
    assert text.count("        tags:\n") == 1
    new = path.with_suffix(".new")
    new.write_text(text.replace("        tags:\n", tag))
    new.replace(path)


def releases(shop: Shop) -> dict[int, list[str]]:
    """By partition, the releases of its legacy events in the order of their offsets."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for request in shop.sandbox.received:
        if request.api == "legacy" and request.taken:
            tags = json.loads(request.body)["CustomEvent"]["Tags"]
            where = (int(tags["offset"][0]), tags["release"][0])
            found[int(tags["partition"][0])].append(where)
    return {
        partition: [release for _, release in sorted(where)] for partition, where in found.items()
    }


def wait_digest(bridge: Bridge, before: str) -> str:
    wait_until(lambda: bridge.status()["mapping"] != before, 30, "another digest")
    digest: str = bridge.status()["mapping"]
    return digest


def test_a_reload_under_load_switches_once_per_partition(shop: Shop) -> None:
    bridge = shop.bridge()
    write_release(shop, "one")
    shop.fill(3 * BATCH, seed=1)
    bridge.start()
    shop.wait_arrived(BATCH)
    first = bridge.status()["mapping"]

    write_release(shop, "two")
    assert bridge.process is not None
    bridge.process.send_signal(signal.SIGHUP)
    second = wait_digest(bridge, first)
    under_way = shop.requests()
    shop.fill(BATCH, seed=2)

    (shop.folder / "mapping.yaml").write_text("version: 1\nrules: nonsense\n")
    wait_until(lambda: "changed mapping refused" in bridge.log, 30, "the refusal")
    shop.fill(BATCH, seed=3)
    shop.wait_committed()
    assert bridge.status()["mapping"] == second

    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated == 0
    assert bridge.ledger["received"] == 5 * BATCH
    assert bridge.ledger["balanced"]
    by_partition = releases(shop)
    print(f"\nswitched after {under_way} of {len(shop.topic.expected)} requests")
    print({number: [len(list(g)) for _, g in groupby(r)] for number, r in by_partition.items()})
    assert under_way < len(shop.topic.expected)
    for number, seen in by_partition.items():
        switches = [release for release, _ in groupby(seen)]
        assert switches in (["one", "two"], ["two"]), (number, switches)
    assert any("one" in seen and "two" in seen for seen in by_partition.values())
