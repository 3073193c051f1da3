"""Kafka's user and password, rotated while clients live on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs

from consumer.config.secrets import LiveText
from consumer.credentials.kafka_login import KafkaLogin
from consumer.source.properties import effective
from tests.fakes import ManualClock


class Told:
    """A client that remembers what it was told."""

    def __init__(self) -> None:
        self.credentials: list[tuple[str, str]] = []

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        self.credentials.append((username, password))


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("old")
    return path


def login(password: Path, clock: ManualClock) -> KafkaLogin:
    live = LiveText("old", password.read_text)
    return KafkaLogin({"sasl.username": "bridge", "sasl.password": live}, clock.monotonic)


def test_a_client_is_told_once_of_each_change(password: Path) -> None:
    clock, client = ManualClock(), Told()
    one = login(password, clock)
    one.look_after(client)
    assert client.credentials == []
    password.write_text("new")
    one.look_after(client)
    assert client.credentials == [], "it looked a moment ago"
    for _ in range(3):
        clock.advance(5.0)
        one.look_after(client)
    assert client.credentials == [("bridge", "new")]


def test_a_client_that_is_made_later_gets_what_the_file_says_then(password: Path) -> None:
    one = login(password, ManualClock())
    assert one.properties() == {"sasl.username": "bridge", "sasl.password": "old"}
    password.write_text("new")
    assert one.properties() == {"sasl.username": "bridge", "sasl.password": "new"}


def test_a_file_that_is_gone_for_a_while_changes_nothing_and_is_told_of_once(
    password: Path,
) -> None:
    clock, client = ManualClock(), Told()
    one = login(password, clock)
    password.unlink()
    with capture_logs() as logs:
        for _ in range(3):
            clock.advance(5.0)
            one.look_after(client)
            assert one.properties()["sasl.password"] == "old"
    assert client.credentials == []
    assert [line["event"] for line in logs] == [
        "Kafka's user or password not readable, keeping the last ones"
    ]
    password.write_text("new")
    clock.advance(5.0)
    with capture_logs() as logs:
        one.look_after(client)
    assert client.credentials == [("bridge", "new")]
    assert "new" not in str(logs)


def test_without_references_nothing_is_looked_at() -> None:
    client = Told()
    one = KafkaLogin({"sasl.username": "bridge", "sasl.password": "old"}, ManualClock().monotonic)
    one.look_after(client)
    assert client.credentials == []
    assert one.properties() == {"sasl.username": "bridge", "sasl.password": "old"}


@pytest.mark.parametrize(
    "make",
    [
        lambda told: Consumer(effective({**told, "group.id": "g"})),
        Producer,
        AdminClient,
    ],
    ids=["consumer", "producer", "admin"],
)
def test_the_real_clients_take_live_texts_and_later_ones(
    password: Path, make: Callable[[dict[str, str | int | float | bool]], Consumer]
) -> None:
    clock = ManualClock()
    live = LiveText("old", password.read_text)
    properties: dict[str, str | int | float | bool] = {
        "bootstrap.servers": "127.0.0.1:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "bridge",
        "sasl.password": live,
        "log_level": 0,
    }
    client = make(dict(properties))
    one = KafkaLogin(properties, clock.monotonic)
    password.write_text("new")
    clock.advance(5.0)
    with capture_logs() as logs:
        one.look_after(client)
    assert [line["event"] for line in logs] == ["Kafka's user and password read again"]
