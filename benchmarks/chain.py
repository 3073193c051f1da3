"""The whole chain but Kafka, in one process: records from memory, real stages, the sink over HTTP.

    python -m benchmarks.chain [--records 50000] [--profile]

Microseconds of CPU per event of this process. For work on the hot path: it starts in a second, and
`--profile` (or `perf`, `py-spy`) shows where the time goes.
"""

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import uvloop

from benchmarks.parts import SinkProcess
from benchmarks.topics import ROOT, SCHEMA, Records, visitor
from consumer.avro.schema import parse
from consumer.clock import SystemClock
from consumer.commit.committer import Committer
from consumer.config.settings import BreakerSettings, DecodeSettings, DeliverySettings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.delivery.deliver import Delivery, pool_opener
from consumer.delivery.destination import Destination
from consumer.errors import FatalError
from consumer.mapping.check.checked import Account
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.model import Endpoint, Event, Flight, Outcome, Partition, Record
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.pipeline import Pipeline, PipelineLimits
from consumer.stages import DeadLetters, Position, Positions, Stages
from consumer.telemetry.tallies import Tallies
from consumer.yespo.spec import AccountContext

TOPIC = "shop.clicks"
BATCH = 500
PARTITIONS = 6
PERSONS = 1000


def bench_mapping() -> MappingUnit:
    """The mapping of `make bench`."""
    text = (ROOT / "benchmarks" / "shop.yaml").read_text().replace("../avro", str(ROOT / "avro"))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        account = Account(AccountContext("main", site_id="8A412DC"), frozenset({"legacy"}))
        return load_unit([Path(file.name)], {"main": account})


def bench_decoder(unit: MappingUnit, tallies: Tallies) -> Decoder:
    """With a registry that knows the shipped schema as number 1; reads what the mapping reads."""
    known = parse(SCHEMA)
    registry = cast("RegistryClient", SimpleNamespace(get=lambda _: known))
    return Decoder(
        registry=registry,
        reader_schemas=unit.reader_schemas,
        settings=DecodeSettings(),
        tallies=tallies,
        reads=unit.reads,
    )


def bench_records(count: int, partitions: Sequence[Partition]) -> list[Record]:
    """As the source hands them over."""
    records, now = Records(1), time.time_ns() // 1_000_000
    found = []
    for number in range(count):
        person = number % PERSONS
        partition = partitions[person % len(partitions)]
        value = records.value(number, person)
        found.append(Record(partition, number // len(partitions), visitor(person), value, (), now))
    return found


class MemorySource:
    """Implements `stages.Source`: acknowledges every commit in the loop's next round."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.pipeline: Pipeline
        self._paused: set[Partition] = set()
        self.flowing = asyncio.Event()
        self.flowing.set()

    def start(self, listener: object) -> None: ...

    def pause(self, partition: Partition) -> None:
        self._paused.add(partition)
        self.flowing.clear()

    def resume(self, partition: Partition) -> None:
        self._paused.discard(partition)
        if not self._paused:
            self.flowing.set()

    def commit(self, positions: Positions) -> None:
        self._loop.call_later(0.002, self.pipeline.committed, positions, None)

    def close(self, positions: Positions, seconds: float) -> None: ...

    def polled_within(self, seconds: float) -> bool:
        return seconds > 0


async def chain(count: int, sink: SinkProcess, profile: cProfile.Profile | None) -> float:
    """Seconds of CPU that `count` events took."""
    loop, tallies = asyncio.get_running_loop(), Tallies()
    clock, unit, source = SystemClock(loop), bench_mapping(), MemorySource(loop)
    ledger, settings = Ledger(), DeliverySettings()
    url, done = f"http://127.0.0.1:{sink.port}/api/v2", asyncio.Event()
    left = count

    def ended(flight: Flight, event: Event, outcome: Outcome) -> None:
        nonlocal left
        pipeline.event_ended(flight, event, outcome)
        left -= 1
        if not left:
            done.set()

    delivery = Delivery(
        [Destination(Endpoint("main", "legacy"), url)],
        settings,
        open_pool=pool_opener(settings, clock),
        ended=ended,
        may_send=lambda: source.polled_within(30.0),
        clock=clock,
        tallies=tallies,
        rng=Random(1),
    )
    committer = Committer(
        send=source.commit, interval=1.0, threshold=250, clock=clock, tallies=tallies
    )
    no_dead_letters = cast("DeadLetters", None)
    pipeline = source.pipeline = Pipeline(
        Stages(source, bench_decoder(unit, tallies), unit, delivery, no_dead_letters, committer),
        limits=PipelineLimits(1064, 10_000, 20_000, 32 * 1024**2, max_queued_seconds=2.5),
        breaker=DeadLetterBreaker(BreakerSettings()),
        ledger=ledger,
        tallies=tallies,
        clock=clock,
        loop=loop,
        stop=_raise,
    )
    partitions = [Partition(TOPIC, number, 1) for number in range(PARTITIONS)]
    records = bench_records(count, partitions)
    pipeline.assigned({partition: Position(0) for partition in partitions})
    began = time.process_time()
    if profile is not None:
        profile.enable()
    for start in range(0, count, BATCH):
        await source.flowing.wait()
        batches: dict[Partition, list[Record]] = {}
        for record in records[start : start + BATCH]:
            batches.setdefault(record.partition, []).append(record)
        pipeline.received(batches)
        await asyncio.sleep(0)
    await done.wait()
    if profile is not None:
        profile.disable()
    seconds = time.process_time() - began
    await delivery.close()
    return seconds


def _raise(error: Exception) -> None:
    raise FatalError(str(error))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--records", type=int, default=10_000, help="per round")
    parser.add_argument("--rounds", type=int, default=7, help="of which the best counts")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    sink, profile = SinkProcess(), cProfile.Profile() if options.profile else None
    best = float("inf")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for _ in range(options.rounds):
            best = min(best, runner.run(chain(options.records, sink, profile)))
    sink.close()
    print(f"{best / options.records * 1e6:.1f} µs of CPU per event")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
