"""Doubles of the five stages and of the source, for tests of whatever stands between them.

Each implements one protocol of `consumer.stages`, keeps what it was asked, and decides nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from consumer.errors import InvalidRecord, SchemaPending
from consumer.model import (
    NEVER_REPLAYED,
    Decoded,
    Endpoint,
    Event,
    Failure,
    Flight,
    Mapped,
    Partition,
    Record,
    Replayed,
)
from consumer.stages import Positions, SourceListener

LEGACY, V2 = Endpoint("main", "legacy"), Endpoint("main", "v2")


class FakeSource:
    def __init__(self) -> None:
        self.paused: set[Partition] = set()
        self.commits: list[Positions] = []

    def start(self, listener: SourceListener) -> None: ...
    def pause(self, partition: Partition) -> None:
        self.paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self.paused.discard(partition)

    def commit(self, positions: Positions) -> None:
        self.commits.append(positions)

    def close(self, positions: Positions, seconds: float) -> None: ...
    def polled_within(self, seconds: float) -> bool:
        return True


class FakeDecode:
    """The value is the text of the record; `schema?` needs a schema first, `bad` is undecodable,
    `bug in decoding` raises `fault`, and so does `resolve`, where there is one."""

    def __init__(self) -> None:
        self.known = asyncio.Event()
        self.fault: Exception | None = None

    def decode(self, record: Record) -> Decoded:
        text = (record.value or b"").decode()
        if text == "bad":
            raise InvalidRecord("decode", "truncated", "the record ends early")
        if text == "bug in decoding" and self.fault is not None:
            raise self.fault
        if text == "schema?" and (self.fault is not None or not self.known.is_set()):
            raise SchemaPending(7)
        return Decoded(text, "shop.Click", "7")

    def look_ahead(self, records: Iterable[Record]) -> None:
        self.looked_at = [record.value for record in records]

    async def resolve(self, ref: object) -> None:
        await self.known.wait()
        if self.fault is not None:
            raise self.fault


class FakeMap:
    """`v2`/`legacy`/`both` say which events a record makes, `drop` makes none, `bug` is one."""

    digest = "abcd1234"

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        if decoded.value == "bug":
            raise KeyError("ann@shop.ua")
        endpoints = {"legacy": [LEGACY], "v2": [V2], "both": [LEGACY, V2], "schema?": [V2]}
        made = [
            Event(endpoint, "cart", "rule", 0, b"{}", ("visitor-1",))
            for endpoint in endpoints.get(decoded.value, [])
        ]
        return Mapped(made, filtered=None if made else "no_rule")


@dataclass
class FakeDeliver:
    submitted: list[tuple[Event, Flight]] = field(default_factory=list)
    abandoned: list[Partition] = field(default_factory=list)
    hurried: list[Partition] = field(default_factory=list)
    asked_back: list[Partition] = field(default_factory=list)
    untouched: list[Flight] = field(default_factory=list)
    queued_seconds: float = 0.0

    def submit(self, event: Event, flight: Flight) -> None:
        self.submitted.append((event, flight))

    def give_back(self, partitions: Sequence[Partition]) -> Collection[Flight]:
        self.asked_back += partitions
        return self.untouched

    def hurry(self, partitions: Sequence[Partition]) -> None:
        self.hurried += partitions

    def abandon(self, partitions: Sequence[Partition]) -> None:
        self.abandoned += partitions

    async def close(self) -> None: ...


@dataclass
class FakeDeadLetters:
    sent: list[tuple[Record, list[Failure], str, Callable[[], None]]] = field(default_factory=list)

    def send(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        self.sent.append((record, list(failures), digest, done))

    async def close(self, seconds: float) -> None: ...
