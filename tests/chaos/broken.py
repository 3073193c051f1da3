"""Bridges with one rule broken, which the checker must catch.

`python -m tests.chaos.broken VARIANT run --config ...` is the program with that one rule replaced.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from consumer.cli.main import main
from consumer.commit import completed_map
from consumer.commit.committer import Committer
from consumer.commit.tracker import Tracker
from consumer.delivery.dead_letters.writer import DeadLetterWriter
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.order import Order
from consumer.model import Flight, Partition, Record
from consumer.pipeline.pipeline import Pipeline
from consumer.source.consumer import KafkaSource


def replace(owner: Any, name: str, value: object) -> None:
    """Any of the program's rules; mypy would not let a method be replaced."""
    setattr(owner, name, value)


def commits_what_it_received() -> None:
    """The usual mistake: the position of the reader, not of the work."""
    replace(Tracker, "watermark", property(lambda tracker: tracker._newest + 1))
    replace(completed_map, "encode", lambda *_: "")


def commits_before_delivery() -> None:
    """A record counts as ended once its requests are on their way."""
    admitted, ended = Committer.admitted, Committer.ended

    def admit_and_end(committer: Committer, flight: Flight) -> None:
        admitted(committer, flight)
        ended(committer, flight)

    replace(Committer, "admitted", admit_and_end)
    replace(Committer, "ended", lambda committer, flight: None)


def ignores_order() -> None:
    """Every event may go at once."""
    add = Order.add

    def wait_for_nobody(order: Order, job: Job) -> bool:
        add(order, job)
        job.waits_for = 0
        return True

    replace(Order, "add", wait_for_nobody)


def loses_a_record() -> None:
    """One in a hundred is dropped without a word."""
    received = Pipeline.received

    def drop_some(pipeline: Pipeline, batches: Mapping[Partition, list[Record]]) -> None:
        received(
            pipeline,
            {
                partition: [record for record in records if record.offset % 100 != 7]
                for partition, records in batches.items()
            },
        )

    replace(Pipeline, "received", drop_some)


def rewrites_dead_letters() -> None:
    """The dead letter is not what came in."""
    send = DeadLetterWriter.send

    def send_tidied(writer: DeadLetterWriter, record: Record, *rest: Any, **more: Any) -> None:
        record.value = (record.value or b"").upper()
        send(writer, record, *rest, **more)

    replace(DeadLetterWriter, "send", send_tidied)


def forgets_dead_letters() -> None:
    """A dead letter counts as written though nobody wrote it."""

    def pretend(
        _: DeadLetterWriter, __: Record, ___: object, ____: str, done: Callable[[], None]
    ) -> None:
        done()

    replace(DeadLetterWriter, "send", pretend)


def drops_on_revoke() -> None:
    """What is under way when a partition is taken away counts as done."""
    revoked = Pipeline.revoked

    def end_all(pipeline: Pipeline, partitions: Any, seconds: float, finished: Any) -> None:
        pipeline._deliver.abandon(partitions)
        for buffer in pipeline._buffers.of(partitions):
            for flight in list(buffer.flights):
                pipeline._end(flight)
        revoked(pipeline, partitions, seconds, finished)

    replace(Pipeline, "revoked", end_all)


def sends_after_revoke() -> None:
    """A partition is let go at once, and what was begun of it goes on."""
    revoked, ended = Pipeline.revoked, Pipeline.event_ended

    def without_waiting(pipeline: Pipeline, partitions: Any, _: float, finished: Any) -> None:
        replace(pipeline._deliver, "abandon", lambda partitions: None)
        revoked(pipeline, partitions, 0.0, finished)

    def end_if_there(pipeline: Pipeline, flight: Flight, *rest: Any) -> None:
        if pipeline._buffers.get(flight.partition) is not None:
            ended(pipeline, flight, *rest)

    replace(Pipeline, "revoked", without_waiting)
    replace(Pipeline, "event_ended", end_if_there)
    replace(Partition, "active", property(lambda _: True, lambda _, __: None))


def ignores_the_fence() -> None:
    """A process that stood still goes on where it was, whoever has its partitions now."""
    replace(KafkaSource, "polled_within", lambda source, seconds: True)
    replace(Partition, "active", property(lambda _: True, lambda _, __: None))
    replace(Pipeline, "lost", lambda pipeline, partitions: None)


def never_commits_on_the_way() -> None:
    """Offsets are committed at the end only, and the budget of repetitions is not kept."""
    replace(Committer, "_commit", lambda committer: None)
    replace(Pipeline, "_fits", lambda pipeline, requests: True)


def forgets_the_map() -> None:
    """Not wrong, only dear: a restart repeats all above the lowest unfinished record."""
    replace(completed_map, "encode", lambda *_: "")


VARIANTS: dict[str, Callable[[], None]] = {
    rule.__name__: rule
    for rule in (
        commits_what_it_received,
        commits_before_delivery,
        ignores_order,
        loses_a_record,
        rewrites_dead_letters,
        forgets_dead_letters,
        drops_on_revoke,
        sends_after_revoke,
        ignores_the_fence,
        never_commits_on_the_way,
        forgets_the_map,
    )
}

if __name__ == "__main__":
    VARIANTS[sys.argv.pop(1)]()
    main()
