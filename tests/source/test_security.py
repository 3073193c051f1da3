"""A broker that speaks TLS and asks who we are, as brokers in production do."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from confluent_kafka.admin import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from structlog.testing import capture_logs

from consumer.config.secrets import LiveText
from consumer.errors import KafkaSetupError
from consumer.stages import Position
from tests.parts.kafka import KafkaBroker
from tests.source.watch import Running, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.soak, pytest.mark.timeout(300)]

SECRET = "a secret, with = and ;"
LOGIN = "org.apache.kafka.common.security"
MECHANISMS = {"PLAIN": "admin", "SCRAM-SHA-512": "bridge"}


def certificates(folder: Path) -> tuple[str, str]:
    """Files: the authority that clients trust, and key with certificate as Kafka wants them."""
    authority = trustme.CA()
    ours = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    key = load_pem_private_key(ours.private_key_pem.bytes(), None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(pem.bytes() for pem in ours.cert_chain_pems)
    (folder / "broker.pem").write_bytes(pkcs8 + chain)
    return str(folder / "ca.pem"), str(folder / "broker.pem")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """It knows `admin` by PLAIN and `bridge` by SCRAM, and speaks nothing but TLS to clients."""
    authority, broker = certificates(tmp_path_factory.mktemp("tls"))
    plain = f'username="admin" password="{SECRET}" user_admin="{SECRET}"'
    kafka = KafkaBroker(
        1,
        {
            # the listener that all tests use, under the name it has
            "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config": (
                f"{LOGIN}.plain.PlainLoginModule required {plain};"
            ),
            "listener.name.plaintext.scram-sha-512.sasl.jaas.config": (
                f"{LOGIN}.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": broker,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": authority,
        },
        {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": authority,
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "admin",
            "sasl.password": SECRET,
        },
    )
    kafka.start()
    let_in(kafka, SECRET)
    yield kafka
    kafka.stop()


def let_in(kafka: KafkaBroker, password: str) -> None:
    """From now on `bridge` has this password and no other."""
    known = UserScramCredentialUpsertion(
        "bridge", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode()
    )
    for done in kafka.admin.alter_user_scram_credentials([known]).values():
        done.result(30)


def as_whom(kafka: KafkaBroker, mechanism: str, password: str = SECRET) -> dict[str, Any]:
    """Properties with underscores, as `Running` takes them."""
    return {
        "security_protocol": "SASL_SSL",
        "ssl_ca_location": str(kafka.connection["ssl.ca.location"]),
        "sasl_mechanisms": mechanism,
        "sasl_username": MECHANISMS[mechanism],
        "sasl_password": password,
    }


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_records_are_read_and_committed_by_a_user_over_tls(
    secured: KafkaBroker, topic: str, unique: Callable[[str], str], mechanism: str
) -> None:
    secured.create_topic(topic)
    for number in range(3):
        write(secured, topic, str(number))
    group = unique("group")
    running = Running(secured.bootstrap, topic, group, **as_whom(secured, mechanism))
    async with running as (source, watch):
        await eventually(lambda: len(watch.records) == 3)
        source.commit({watch.partition(): Position(3)})
        await eventually(lambda: watch.commits)
        assert watch.commits == [({watch.partition(): Position(3)}, None)]
        await eventually(lambda: watch.partition().topic_id == secured.topic_id(topic))
    assert watch.failures == []
    assert secured.committed(group, topic) == {0: 3}


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_ends_the_start_and_names_the_settings(
    secured: KafkaBroker, topic: str, unique: Callable[[str], str], mechanism: str
) -> None:
    secured.create_topic(topic)
    wrong = as_whom(secured, mechanism, "another secret")
    async with Running(secured.bootstrap, topic, unique("group"), **wrong) as (_, watch):
        await eventually(lambda: watch.failures)
    [error] = watch.failures
    assert isinstance(error, KafkaSetupError)
    assert error.exit_code == 4
    assert "check `sasl.mechanisms`, `sasl.username` and `sasl.password`" in str(error)
    assert "another secret" not in str(error)


async def test_a_password_rotated_in_kafka_counts_with_the_next_connection(
    secured: KafkaBroker,
    topic: str,
    unique: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("consumer.credentials.kafka_login.LOOK_SECONDS", 0.05)
    secured.create_topic(topic)
    password = tmp_path / "password"
    password.write_text(SECRET)
    login = as_whom(secured, "SCRAM-SHA-512", LiveText(SECRET, password.read_text))
    with capture_logs() as logs:
        async with Running(secured.bootstrap, topic, unique("group"), **login) as (_, watch):
            await asyncio.to_thread(write, secured, topic, "before")
            await eventually(lambda: len(watch.records) == 1)
            await asyncio.to_thread(let_in, secured, "the next secret")
            password.write_text("the next secret")
            await eventually(lambda: READ_AGAIN in [line["event"] for line in logs])
            await asyncio.to_thread(secured.restart)  # which ends all connections
            await asyncio.to_thread(write, secured, topic, "after")
            await eventually(lambda: len(watch.records) == 2, 90)
    assert [record.value for record in watch.records] == [b"before", b"after"]
    assert watch.failures == []
    await asyncio.to_thread(let_in, secured, SECRET)


READ_AGAIN = "Kafka's user and password read again"


def write(kafka: KafkaBroker, topic: str, value: str) -> None:
    producer = kafka.producer()
    producer.produce(topic, value)
    assert producer.flush(60) == 0
