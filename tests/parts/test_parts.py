"""The real parts themselves: what other tests take for granted."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer

from tests.conftest import provided
from tests.parts.fetch import Artifact, PartUnavailableError, fetch_all, read_lock
from tests.parts.kafka import LOCK, KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry


def produce(kafka: KafkaBroker, topic: str, count: int) -> None:
    producer = kafka.producer()
    for number in range(count):
        producer.produce(topic, key=str(number), value=b"x")
    assert producer.flush(30) == 0


@pytest.mark.kafka
def test_offsets_of_log_and_group_can_be_read_and_set(
    kafka: KafkaBroker, topic: str, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    kafka.create_topic(topic, partitions=3)
    produce(kafka, topic, 100)
    ends = kafka.end_offsets(topic)
    assert sorted(ends) == [0, 1, 2]
    assert sum(ends.values()) == 100
    assert kafka.committed(group, topic) == {}

    kafka.commit(group, topic, {0: 7, 2: 0})
    assert kafka.committed(group, topic) == {0: 7, 2: 0}
    assert kafka.committed_metadata(group, topic) == {0: "", 2: ""}

    kafka.delete_records(topic, {0: 5})
    assert kafka.begin_offsets(topic) == {0: 5, 1: 0, 2: 0}
    kafka.add_partitions(topic, 4)
    assert sorted(kafka.end_offsets(topic)) == [0, 1, 2, 3]


@pytest.mark.kafka
def test_a_member_of_a_group_is_seen(
    kafka: KafkaBroker, topic: str, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    kafka.create_topic(topic)
    produce(kafka, topic, 1)
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    wait_until(lambda: consumer.poll(0.5) is not None, 30, "the record")
    assert kafka.members(group) == 1
    consumer.close()
    assert kafka.members(group) == 0


@pytest.mark.kafka
def test_a_killed_broker_comes_back_with_its_data_on_its_port(kafka: KafkaBroker) -> None:
    broker = KafkaBroker()  # `kafka` is asked for only so that a machine without it skips
    broker.start()
    try:
        bootstrap = broker.bootstrap
        broker.create_topic("kept")
        produce(broker, "kept", 10)
        broker.kill()
        broker.restart()
        assert broker.bootstrap == bootstrap
        assert broker.end_offsets("kept") == {0: 10}
    finally:
        broker.stop()


@pytest.mark.soak
@pytest.mark.kafka
def test_a_record_survives_one_broker_of_three(kafka: KafkaBroker) -> None:
    cluster = KafkaBroker(nodes=3)
    cluster.start()
    try:
        cluster.create_topic("kept", replicas=3, config={"min.insync.replicas": "2"})
        produce(cluster, "kept", 10)
        cluster.kill(node=0)
        produce(cluster, "kept", 10)
        assert cluster.end_offsets("kept") == {0: 20}
        cluster.restart(node=0)
    finally:
        cluster.stop()


@pytest.mark.registry
def test_a_registered_schema_is_found_by_its_id(
    registry: Registry, unique: Callable[[str], str]
) -> None:
    number = registry.register(unique("subject"), '"string"')
    answer = httpx.get(f"{registry.url}/schemas/ids/{number}", trust_env=False)
    assert answer.json()["schema"] == '"string"'


class TestFetching:
    """Against a folder that stands in for Maven Central, so nothing is downloaded."""

    @pytest.fixture
    def artifact(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifact:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        return Artifact("org.example", "thing", "1", hashlib.sha256(b"right").hexdigest())

    @pytest.fixture
    def served(self, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        """What the server will answer, one after the other; b"" stands for a broken connection."""
        answers: list[bytes] = []

        def answer(request: httpx.Request) -> httpx.Response:
            assert request.url.path.endswith("/org/example/thing/1/thing-1.jar")
            content = answers.pop(0)
            if not content:
                raise httpx.ConnectError("refused")
            return httpx.Response(200, content=content)

        real = httpx.Client
        monkeypatch.setattr(
            httpx, "Client", lambda **kw: real(transport=httpx.MockTransport(answer), **kw)
        )
        return answers

    def test_a_file_is_kept_and_not_fetched_again(
        self, artifact: Artifact, served: list[bytes]
    ) -> None:
        served += [b"", b"right"]
        [first] = fetch_all([artifact])
        [second] = fetch_all([artifact])
        assert first == second
        assert first.read_bytes() == b"right"
        assert served == []

    def test_a_wrong_digest_is_refused_and_leaves_nothing(
        self, artifact: Artifact, served: list[bytes], tmp_path: Path
    ) -> None:
        served += [b"wrong"]
        with pytest.raises(PartUnavailableError, match="pinned is"):
            fetch_all([artifact])
        assert list((tmp_path / "yespo-bridge").iterdir()) == []

    def test_a_damaged_copy_is_fetched_again(self, artifact: Artifact, served: list[bytes]) -> None:
        served += [b"right", b"right"]
        [path] = fetch_all([artifact])
        path.write_bytes(b"damaged")
        fetch_all([artifact])
        assert path.read_bytes() == b"right"

    def test_no_network_says_so(self, artifact: Artifact, served: list[bytes]) -> None:
        served += [b"", b"", b""]
        with pytest.raises(PartUnavailableError, match="cannot be fetched: ConnectError: refused"):
            fetch_all([artifact])


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_part_that_cannot_be_had_fails_in_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[Exception]
) -> None:
    def unavailable(self: KafkaBroker) -> None:
        raise PartUnavailableError("no network")

    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(KafkaBroker, "__init__", unavailable)
    with pytest.raises(outcome, match="no network"):
        provided(KafkaBroker)


def test_every_jar_is_pinned() -> None:
    artifacts = read_lock(LOCK)
    assert len(artifacts) == 47
    assert all(len(artifact.sha256) == 64 for artifact in artifacts)
