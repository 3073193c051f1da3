"""What a person gets who set something up wrongly: one clear text, a documented exit code, no trace."""

import socket
from typing import Any

import pytest

from tests.e2e.conftest import Shop
from tests.parts.ports import free_port, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


def _ends(shop: Shop, **sections: Any) -> tuple[int, str]:
    bridge = shop.bridge(**sections)
    bridge.start()
    assert bridge.process is not None
    code = bridge.process.wait(60)
    assert "Traceback" not in bridge.log
    return code, bridge.log


def test_a_missing_topic_is_named_with_the_way_to_create_it(shop: Shop) -> None:
    shop.kafka.admin.delete_topics([shop.clicks])[shop.clicks].result(30)
    wait_until(
        lambda: shop.clicks not in shop.kafka.admin.list_topics(timeout=10).topics, 30, "deletion"
    )
    code, log = _ends(shop)
    assert code == 4
    assert f"Kafka has no topic `{shop.clicks}`" in log
    assert "--create --topic" in log


def test_a_missing_dead_letter_topic_is_named_with_the_way_to_create_it(shop: Shop) -> None:
    code, log = _ends(shop, dead_letters={"topic": "nobody.made.this"})
    assert code == 4
    assert "error: dead_letters.topic `nobody.made.this` does not exist" in log
    assert "--create --topic nobody.made.this" in log


def test_a_group_without_offsets_and_without_a_decision_does_not_start(shop: Shop) -> None:
    shop.fill(10)
    code, log = _ends(shop, start={"no_offset": "error"})
    assert code == 4
    assert "start.no_offset" in log


def test_a_port_in_use_is_named(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bridge = shop.bridge()
        bridge.port = taken.getsockname()[1]
        bridge.start()
        assert bridge.process is not None
        assert bridge.process.wait(60) == 5
    assert "set `http.port`" in bridge.log


def test_a_broker_that_is_down_is_waited_for_with_a_log_line(shop: Shop) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    kafka = {**shop.settings()["kafka"], "bootstrap.servers": nobody}
    bridge = shop.bridge(kafka=kafka)
    bridge.start()
    wait_until(lambda: "Kafka does not answer" in bridge.log, 30, "a log line")
    assert not bridge.ready()
    code, seconds = bridge.terminate()
    assert code == 0
    assert seconds < 20


def test_a_registry_that_is_down_makes_records_wait_and_nothing_else(shop: Shop) -> None:
    shop.fill(20)
    bridge = shop.bridge(registry={"url": f"http://127.0.0.1:{free_port()}"})
    bridge.start()
    bridge.wait_ready()
    wait_until(lambda: bridge.status()["ledger"]["received"] == 20, 30, "records to be taken")
    status = bridge.status()
    assert status["ledger"]["in_flight"] == 20
    assert status["ledger"]["outcomes"]["dead_lettered"] == 0
    code, _ = bridge.terminate()
    assert code == 0
    assert bridge.ledger["outcomes"]["released"] == 20
    assert bridge.ledger["balanced"]
