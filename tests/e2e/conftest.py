"""A shop with a topic on the real Kafka and registry, the vendor's double, and bridges to run."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from confluent_kafka import Consumer, Message

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.server import Sandbox
from consumer.yespo.judge import judge as contract
from tests.e2e.bridge import Bridge
from tests.e2e.shop import ROOT, SCHEMA, Topic, Verdict, arrived, judge
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry

PARTITIONS = 6
MAPPING = Path(__file__).parent / "mapping.yaml"
SHIPPED = MAPPING.parents[2] / "mappings" / "shop.yaml"


@dataclass
class Shop:
    """Everything around the bridge. `bridge()` makes one more member of the group."""

    kafka: KafkaBroker
    registry: Registry
    sandbox: Sandbox
    folder: Path
    clicks: str
    dead: str
    group: str
    schema_id: int
    topic: Topic = field(default_factory=Topic)
    bridges: list[Bridge] = field(default_factory=list)

    def fill(self, count: int, seed: int = 1, **how: Any) -> None:
        self.topic.fill(self.kafka.bootstrap, self.clicks, self.schema_id, count, seed, **how)

    def settings(self) -> dict[str, Any]:
        mapping = MAPPING.read_text().replace("[shop.clicks]", f"[{self.clicks}]")
        mapping = mapping.replace("../../avro", str(MAPPING.parents[2] / "avro"))
        (self.folder / "mapping.yaml").write_text(mapping)
        return {
            "kafka": {
                "bootstrap.servers": self.kafka.bootstrap,
                "group.id": self.group,
                "session.timeout.ms": 12000,
            },
            "start": {"no_offset": "earliest"},
            "registry": {"url": self.registry.url},
            "mappings": [str(self.folder / "mapping.yaml")],
            "yespo": {
                "accounts": {
                    "main": {
                        "legacy": {"url": self.sandbox.legacy_url, "site_id": "8A412DC"},
                        "v2": {
                            "url": self.sandbox.v2_url,
                            "api_key": "${env:YESPO_API_KEY}",
                            "rate": None,
                        },
                    }
                }
            },
            "dead_letters": {"topic": self.dead},
            "log": {"level": "info", "format": "json"},
        }

    def produce(self, records: Iterable[dict[str, Any]]) -> None:
        """These records, one after the other, as those of one person."""
        write = AvroWriter(SCHEMA, self.schema_id)
        producer = self.kafka.producer()
        for record in records:
            producer.produce(self.clicks, write(record), b"one person", partition=0)
        assert producer.flush(30) == 0

    def written(self, mapping: str) -> str:
        """A file of that mapping, with {topic} and {schema} filled in; for `mappings`."""
        file = self.folder / "own.yaml"
        file.write_text(mapping.format(topic=self.clicks, schema=ROOT / "avro/shop_click.avsc"))
        return str(file)

    def ship_mapping(self) -> Path:
        """Put the shipped mapping in the place of this test's own. After `bridge()`, which writes it."""
        text = SHIPPED.read_text().replace("[shop.clicks]", f"[{self.clicks}]")
        path = self.folder / "mapping.yaml"
        path.write_text(text.replace("../avro", str(SHIPPED.parents[1] / "avro")))
        return path

    def change_mapping(self, old: str, new: str) -> None:
        """Replace a part of the mapping; the file changes as a whole."""
        path = self.folder / "mapping.yaml"
        text = path.read_text()
        assert text.count(old) == 1, old
        changed = path.with_suffix(".new")
        changed.write_text(text.replace(old, new))
        changed.replace(path)

    def bridge(self, **sections: Any) -> Bridge:
        """A bridge that is not started yet; `sections` replace those of the configuration."""
        folder = self.folder / f"bridge-{len(self.bridges)}"
        folder.mkdir()
        made = Bridge(folder, {**self.settings(), **sections})
        self.bridges.append(made)
        return made

    def arrived(self) -> int:
        return len(self.sandbox.received)

    def wait_arrived(self, count: int, seconds: float = 120) -> None:
        """Until the sandbox has taken that many requests in all."""

        def enough() -> bool:
            self._must_run()
            return self.sandbox.totals.taken >= count

        wait_until(enough, seconds, f"{count} requests at the sandbox")

    def wait_committed(self, seconds: float = 120) -> None:
        """Until the committed offsets of the group are the ends of the topic."""

        def caught_up() -> bool:
            self._must_run()
            return self.kafka.committed(self.group, self.clicks) == self.kafka.end_offsets(
                self.clicks
            )

        wait_until(caught_up, seconds, "committed offsets to reach the log end", every=0.25)

    def _must_run(self) -> None:
        for bridge in self.bridges:
            bridge.must_run()

    def verdict(self) -> Verdict:
        return judge(self.topic, self.sandbox.received)

    def requests(self) -> int:
        return len(arrived(self.sandbox.received))

    def dead_letters(self, count: int) -> list[Message]:
        """The first `count` dead letters; fails when they do not come."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.kafka.bootstrap,
                "group.id": f"{self.group}.reader",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([self.dead])
        found: list[Message] = []

        def complete() -> bool:
            found.extend(m for m in consumer.consume(500, 0.2) if m.error() is None)
            return len(found) >= count

        try:
            wait_until(complete, 30, f"{count} dead letters, found {len(found)}")
        finally:
            consumer.close()
        return found


def headers_of(message: Message) -> list[tuple[str, bytes | None]]:
    """As they came; the client's own type allows for what a producer may give."""
    return cast("list[tuple[str, bytes | None]]", message.headers() or [])


@contextlib.contextmanager
def open_shop(
    kafka: KafkaBroker,
    registry: Registry,
    unique: Callable[[str], str],
    folder: Path,
    *,
    partitions: int = PARTITIONS,
    replicas: int = 1,
    config: Mapping[str, str] | None = None,
) -> Iterator[Shop]:
    """Topics, a schema and a sandbox of its own; at the end all bridges are stopped.

    `config` is that of the topic of clicks.
    """
    clicks = unique("clicks")
    dead = f"{clicks}.dlq"
    kafka.create_topic(clicks, partitions, config, replicas)
    kafka.create_topic(dead, 3, replicas=replicas)
    answer = httpx.post(
        f"{registry.url}/subjects/{clicks}-value/versions",
        json={"schema": json.dumps(SCHEMA)},
        trust_env=False,
        timeout=30,
    )
    answer.raise_for_status()
    with Sandbox(contract) as sandbox:
        made = Shop(
            kafka, registry, sandbox, folder, clicks, dead, unique("group"), answer.json()["id"]
        )
        try:
            yield made
        finally:
            for bridge in made.bridges:
                bridge.stop()


@pytest.fixture
def shop(
    kafka: KafkaBroker, registry: Registry, unique: Callable[[str], str], tmp_path: Path
) -> Iterator[Shop]:
    with open_shop(kafka, registry, unique, tmp_path) as made:
        yield made
