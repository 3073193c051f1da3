"""Whatever a producer writes costs its record, never the process."""

import json
import subprocess
import sys
import zlib

import pytest

from tests.e2e.conftest import Shop, headers_of
from tests.parts.ports import wait_until
from tests.parts.raw_producer import (
    Packing,
    RawRecord,
    encoded,
    produce_packed,
    produce_raw,
    varint,
)

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

MIB = 1024**2

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


def test_a_record_that_inflates_to_400_mb_is_dead_lettered_by_position(shop: Shop) -> None:
    packer = zlib.compressobj(9, wbits=31)
    head = encoded(RawRecord(b"", b"key"), 0)
    assert head == bytes([18, 0, 0, 0, 6]) + b"key" + bytes([0, 0])
    size = 400 * MIB
    length = varint(len(head) - 1 - 1 + len(varint(size)) + size)
    packed = packer.compress(length + head[1:8] + varint(size))
    for _ in range(400):
        packed += packer.compress(bytes(MIB))
    packed += packer.compress(b"\0") + packer.flush()
    assert len(packed) < 500_000
    produce_packed(shop.kafka.bootstrap, shop.clicks, packed, 1, packing=Packing.GZIP)
    shop.fill(100)
    bridge = shop.bridge()
    bridge.start()
    [letter] = shop.dead_letters(1)
    shop.wait_committed()
    memory, highest = bridge.memory, bridge.peak_memory
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    headers = dict(headers_of(letter))
    assert headers["yespo.dlq.reason"] == b"too_large"
    assert (headers["yespo.dlq.partition"], headers["yespo.dlq.offset"]) == (b"0", b"0")
    assert (letter.key(), letter.value()) == (b"key", None)
    assert shop.verdict().clean, shop.verdict()
    # librdkafka inflates the batch and confluent-kafka copies the record; neither is kept
    assert memory < 250 * MIB, f"{memory / MIB:.0f} MiB"
    assert highest < 1000 * MIB, f"{highest / MIB:.0f} MiB"
    print(f"RSS {memory / MIB:.0f} MiB, at most {highest / MIB:.0f} MiB")


def test_a_partition_that_cannot_be_fetched_is_named_and_the_others_flow(shop: Shop) -> None:
    shop.fill(100)
    producer = shop.kafka.producer(
        compression_type="zstd",
        message_max_bytes=400 * MIB,
        batch_size=400 * MIB,
        queue_buffering_max_kbytes=1_000_000,
        linger_ms=2000,
    )
    for _ in range(150):
        producer.produce(shop.clicks, bytes(MIB), partition=4)
    assert producer.flush(60) == 0
    shop.fill(100, seed=2)
    bridge = shop.bridge()
    bridge.start()

    def failing() -> dict[str, str]:
        bridge.must_run()
        if not bridge.ready():
            return {}
        found: dict[str, str] = bridge.status()["kafka"]["fetch_failures"]
        return found

    wait_until(lambda: bool(failing()), 60, "the partition to be named")
    assert failing() == {f"{shop.clicks}/4": "_BAD_COMPRESSION"}
    line = f'fetch_failing{{code="_BAD_COMPRESSION",partition="4",topic="{shop.clicks}"}} 1.0'
    assert line in bridge.metrics()
    # Records that stand before the batch may come after the first complaint: then it is named again.
    assert bridge.log.count("a partition cannot be fetched") in {1, 2}
    ends = shop.kafka.end_offsets(shop.clicks)

    def others_through() -> bool:
        committed = shop.kafka.committed(shop.group, shop.clicks)
        return all(committed.get(n) == end for n, end in ends.items() if n != 4)

    wait_until(others_through, 60, "the other partitions to be through")
    assert bridge.terminate()[0] == 0
