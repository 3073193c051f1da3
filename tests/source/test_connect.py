"""Kafka that is away, topics that are missing, on a real Kafka of the test's own."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import trustme
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs

from consumer.config.secrets import LiveText
from consumer.config.settings import StartSettings
from consumer.errors import ConfigError, KafkaSetupError
from consumer.source.consumer import KafkaSource
from consumer.telemetry.tallies import Tallies
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import free_port
from tests.parts.relay import relaying
from tests.source.watch import Running, eventually, produce

pytestmark = pytest.mark.slow

Names = Callable[[str], str]


@pytest.mark.kafka
async def test_a_missing_topic_ends_the_start_and_says_how_to_create_it(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    async with Running(kafka.bootstrap, topic, unique("group")) as (_, watch):
        await eventually(lambda: watch.failures)
        [error] = watch.failures
        assert isinstance(error, KafkaSetupError)
        assert str(error) == (
            f"Kafka has no topic `{topic}`: correct `from.topics` in the mapping, or create it with "
            f"`kafka-topics.sh --bootstrap-server ... --create --topic {topic} --partitions 6`"
        )


@pytest.mark.kafka
async def test_a_rotated_password_reaches_the_running_consumer(
    kafka: KafkaBroker,
    topic: str,
    unique: Names,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("consumer.credentials.kafka_login.LOOK_SECONDS", 0.05)
    kafka.create_topic(topic)
    password = tmp_path / "password"
    password.write_text("old")
    live = LiveText("old", password.read_text)
    with capture_logs() as logs:
        async with Running(
            kafka.bootstrap, topic, unique("group"), sasl_username="bridge", sasl_password=live
        ) as (source, _):
            await eventually(lambda: source.joined)
            password.write_text("new")
            await eventually(
                lambda: "Kafka's user and password read again" in [each["event"] for each in logs]
            )


def test_an_admin_client_gets_the_password_of_the_moment_it_is_made_in(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("old")
    live = LiveText("old", password.read_text)
    made: list[str] = []

    def make(properties: dict[str, str], **_: object) -> AdminClient:
        made.append(properties["sasl.password"])
        return cast("AdminClient", None)

    source = KafkaSource(
        {"bootstrap.servers": "b:1", "group.id": "g", "sasl.username": "u", "sasl.password": live},
        ["clicks"],
        start=StartSettings(),
        drain_seconds=5.0,
        tallies=Tallies(),
        make_admin=make,
    )
    source._make_admin()
    password.write_text("new")
    source._make_admin()
    assert made == ["old", "new"]


@pytest.mark.kafka
async def test_a_topic_that_appears_within_the_grace_is_read(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    async with Running(kafka.bootstrap, topic, unique("group")) as (_, watch):
        await asyncio.sleep(1.0)  # part of the grace of 5 s
        kafka.create_topic(topic)
        produce(kafka, topic, 1)
        await eventually(lambda: len(watch.records) == 1)
        assert watch.failures == []


async def test_a_certificate_that_is_not_trusted_says_which_properties_to_check(
    unique: Names,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    running = Running(address, "shop.clicks", unique("group"), security_protocol="ssl")
    async with server, running as (_, watch):
        await eventually(lambda: watch.failures)
        [error] = watch.failures
        assert isinstance(error, KafkaSetupError)
        assert "certificate verify failed" in str(error)
        assert "check `security.protocol`, `ssl.ca.location`" in str(error)


async def test_a_broker_that_is_down_is_waited_for_with_one_line_in_the_log(
    unique: Names,
) -> None:
    with socket.socket() as taken:  # bound but not listening: refuses every connection
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        running = Running(address, "shop.clicks", unique("group"), close_seconds=1.0)
        with capture_logs() as logs:
            async with running as (source, watch):
                await asyncio.sleep(4.0)  # two attempts of 2 s each
                assert watch.failures == []
        assert not source._thread.is_alive()
    assert [line["event"] for line in logs].count("Kafka cannot be reached, trying again") == 1


@pytest.mark.kafka
async def test_a_broker_that_comes_up_later_is_joined(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 3)
    broker = int(kafka.bootstrap.split(",")[0].split(":")[1])
    away = free_port()  # nobody listens there yet
    running = Running(f"127.0.0.1:{away}", topic, unique("group"), reconnect_backoff_max_ms=500)
    async with running as (_, watch):
        await asyncio.sleep(1.0)
        assert watch.starts == {}
        async with relaying(broker, away):
            await eventually(lambda: len(watch.records) == 3)
            assert watch.failures == []


async def test_a_property_that_librdkafka_does_not_know_is_a_configuration_error(
    unique: Names,
) -> None:
    running = Running("127.0.0.1:1", "shop.clicks", unique("group"), no_such_thing=1)
    async with running as (_, watch):
        await eventually(lambda: watch.failures)
        [error] = watch.failures
        assert isinstance(error, ConfigError)
        assert str(error) == 'kafka: No such configuration property: "no.such.thing"'
