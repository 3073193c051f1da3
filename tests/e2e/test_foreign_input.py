"""Whatever a producer writes costs its record, never the process."""

import json
import subprocess
import sys

import pytest

from tests.e2e.conftest import Shop, headers_of
from tests.parts.raw_producer import RawRecord, produce_raw

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

STRANGE_NAMES = (b"tr\xffce", b"\xff", b"\xed\xa0\x80", b"ok\xc3")


def test_a_header_name_that_is_not_utf8_costs_its_record(shop: Shop) -> None:
    shop.fill(60)
    for number, name in enumerate(STRANGE_NAMES * 5):
        headers = [(b"before", b"1"), (name, b"x"), (b"after", None)]
        record = RawRecord(b"value %d" % number, b"key", headers)
        produce_raw(shop.kafka.bootstrap, shop.clicks, record, partition=number % 3)
    shop.fill(60, seed=2)
    bridge = shop.bridge()
    bridge.start()
    letters = shop.dead_letters(20)
    shop.wait_committed()
    metrics = bridge.metrics()
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    assert bridge.ledger["balanced"]
    assert bridge.ledger["outcomes"]["dead_lettered"] == 20
    assert shop.verdict().clean, shop.verdict()
    assert {letter.key() for letter in letters} == {b"key"}
    assert {letter.value() for letter in letters} == {b"value %d" % n for n in range(20)}
    reasons = {dict(headers_of(letter))["yespo.dlq.reason"] for letter in letters}
    assert reasons == {b"malformed_header"}
    assert 'reason="malformed_header"' in metrics


def test_such_a_record_is_looked_at_by_dry_run_explain_and_dlq(shop: Shop) -> None:
    produce_raw(shop.kafka.bootstrap, shop.clicks, RawRecord(b"v", b"k", [(b"tr\xffce", b"x")]))
    produce_raw(shop.kafka.bootstrap, shop.dead, RawRecord(b"v", b"k", [(b"tr\xffce", b"x")]))
    bridge = shop.bridge()
    config = str(bridge.write_config())
    mapping = str(shop.folder / "mapping.yaml")

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "consumer", *words, "--config", config],
            env={**bridge.environment(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    dry = command("run", "--dry-run", "--from", "earliest", "--json")
    assert dry.returncode == 0, dry.stderr
    [invalid] = json.loads(dry.stdout)["invalid"]
    assert (invalid["reason"], invalid["first"]) == ("malformed_header", f"{shop.clicks}/0@0")
    explained = command("mapping", "explain", mapping, "--at", f"{shop.clicks}:0:0")
    assert "the name of a header is not UTF-8" in explained.stderr
    listed = command("dlq", "ls", "--json")
    assert listed.returncode == 0, listed.stderr
