"""Starts the bridge's surroundings inside this process: Kafka, registry, Yespo's double, visitors."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from consumer.config.settings import Settings
from consumer.demo.made_records import Maker
from consumer.mapping.check.checked import CheckedMapping
from consumer.sandbox.broker import AvroWriter, EmbeddedKafka
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.poison import poison
from consumer.sandbox.registry import SchemaRegistryDouble
from consumer.sandbox.server import Sandbox
from consumer.sandbox.vendor_apis import DEFAULT_KEY
from consumer.sandbox.visitors import Visitors, key_of
from consumer.yespo.judge import judge

TOPIC = "shop.clicks"
DEAD_LETTERS = "shop.clicks.yespo-dlq"
POISON_EVERY = 100
"""With faults, one record in so many is one that no bridge can deliver."""

FAULTS = FaultProfile(
    latency="0.002..0.02", error=0.02, reset_after=0.005, slow_body=0.005, slow_body_seconds=2.0
)
"""A vendor on a bad day: slow, now and then an error, a cut connection, an answer in drips."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The extent of a demo. `rate` is records per second, 0 for as fast as possible."""

    records: int
    rate: float
    faults: bool
    seed: int
    mapping: Path | None = None
    """A mapping of one's own; the shop's where there is none."""
    schema: Path | None = None
    """The schema of its records; the mapping's own where there is none."""


class Parts(AbstractContextManager["Parts"]):
    """Started on entry, gone on exit; `prepare` says what the visitors write."""

    def __init__(self, plan: DemoPlan, *, sandbox_port: int = 0) -> None:
        self._plan = plan
        self._sandbox_port = sandbox_port
        self._stack = ExitStack()
        self.topic = TOPIC
        self.produced = 0
        self.poisoned = 0

    def __enter__(self) -> Self:
        plan = self._plan
        enter = self._stack.enter_context
        self.kafka = enter(EmbeddedKafka())
        self.registry = enter(SchemaRegistryDouble())
        faults = FAULTS if plan.faults else None
        self.sandbox = enter(Sandbox(judge, port=self._sandbox_port, faults=faults, seed=plan.seed))
        self.kafka.create(DEAD_LETTERS)
        return self

    def prepare(self, topic: str, schema: Any, mapping: CheckedMapping | None = None) -> None:
        """Let the visitors write records of this schema; made for the mapping, or by the shop.

        Raises SchemaError for a schema that cannot be read.
        """
        self._maker = None if mapping is None else Maker(schema, mapping, self._plan.seed)
        self.topic = topic
        self.kafka.create(topic)
        schema_id = self.registry.register(f"{topic}-value", schema)
        self._write = AvroWriter(schema, schema_id)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def settings(self, mapping: Path, *, http_port: int) -> Settings:
        """The configuration a person would write for these parts."""
        return Settings.model_validate(
            {
                "kafka": {
                    "bootstrap.servers": self.kafka.bootstrap,
                    "group.id": "yespo-bridge-demo",
                    # The embedded cluster lets members of the older protocol wait for three seconds.
                    "group.protocol": "consumer",
                },
                "start": {"no_offset": "earliest"},
                "registry": {"url": self.registry.url},
                "mappings": [str(mapping)],
                "yespo": {
                    "accounts": {
                        "main": {
                            "legacy": {"url": self.sandbox.legacy_url, "site_id": "8A412DC"},
                            "v2": {
                                "url": self.sandbox.v2_url,
                                "api_key": DEFAULT_KEY,
                                "rate": None,
                            },
                        }
                    }
                },
                "dead_letters": {"topic": DEAD_LETTERS},
                "http": {"host": "127.0.0.1", "port": http_port},
                # The demo's only unknown schema is poison: no follower of a registry lags here.
                "log": {"level": "warning"},
            }
        )

    async def visit(self) -> None:
        """Let the visitors visit: produce the planned records at the planned rate."""
        plan = self._plan
        began = time.monotonic()
        for number, (key, value) in enumerate(self._records(), start=1):
            self.kafka.send(self.topic, key, value)
            self.produced = number
            ahead = number / plan.rate - (time.monotonic() - began) if plan.rate else 0.0
            if ahead > 0.01 or number % 50 == 0:
                await asyncio.sleep(max(0.0, ahead))
        await asyncio.to_thread(self.kafka.flush, 30)

    def _records(self) -> Iterator[tuple[bytes, bytes]]:
        plan = self._plan
        if self._maker is not None:
            own = islice(self._maker.records(), plan.records)
            yield from ((key, self._write(record)) for key, record in own)
            return
        visitors = Visitors(plan.seed, lambda: time.time_ns() // 1_000_000)
        bad: list[tuple[bytes, bytes]] = []
        for number, record in enumerate(islice(visitors.records(), plan.records), start=1):
            if plan.faults and number % POISON_EVERY == 0:
                if not bad and record["visitor_id"]:
                    made = poison(record, self._write, Random(plan.seed))  # noqa: S311 (noise, not secrets)
                    bad = [(one.key, one.value) for one in made]
                if bad:
                    self.poisoned += 1
                    yield bad.pop()
                    continue
            yield key_of(record).encode(), self._write(record)
