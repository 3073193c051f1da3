"""Bad records end in the dead-letter topic byte for byte; everything else arrives."""

import pytest

from tests.e2e.conftest import Shop, headers_of

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

Headers = list[tuple[str, str | bytes | None]]


def bad_records(schema_id: int) -> dict[bytes, str]:
    """Values that nobody can decode, with the reason; cut ones begin like those of the schema."""
    frame = b"\x00" + schema_id.to_bytes(4, "big")
    return {
        b"noise": "unknown_framing",
        b"": "unknown_framing",
        frame: "truncated",
        frame + b"\x02": "truncated",
    }


def test_one_poison_record_in_twenty_stops_nobody(shop: Shop) -> None:
    bad = bad_records(shop.schema_id)
    producer = shop.kafka.producer()
    headers: list[tuple[str, str | bytes | None]] = [
        ("origin", b"web"),
        ("origin", None),
        ("binary", b"\xff\x00"),
    ]
    sent = []
    for value in bad:
        producer.produce(shop.clicks, value, b"key", partition=2, headers=headers)
        sent.append(value)
    producer.produce(shop.clicks, None, b"tombstone", partition=2)
    assert producer.flush(30) == 0
    shop.fill(100)
    bridge = shop.bridge()
    bridge.start()
    letters = shop.dead_letters(len(bad) + 1)
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert bridge.ledger["balanced"]
    assert bridge.ledger["outcomes"]["dead_lettered"] == len(bad) + 1
    poison = [letter for letter in letters if letter.key() == b"key"]
    assert [letter.value() or b"" for letter in poison] == sent
    for letter in poison:
        kept = headers_of(letter)
        assert kept[:3] == headers
        ours = {name: value for name, value in kept[3:] if value is not None}
        assert ours["yespo.dlq.topic"] == shop.clicks.encode()
        assert ours["yespo.dlq.partition"] == b"2"
        assert ours["yespo.dlq.reason"] == bad[letter.value() or b""].encode()
    (tombstone,) = [letter for letter in letters if letter.key() == b"tombstone"]
    assert tombstone.value() is None
