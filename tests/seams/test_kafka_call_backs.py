"""librdkafka's call-backs: reports never end the process, faults in our own state end it in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from consumer.delivery.dead_letters import writer as writing
from consumer.errors import FatalError
from consumer.source import consumer as source
from consumer.source import member
from consumer.source.commits import Commits
from consumer.source.faults import ErrorLog
from consumer.source.outbox import Outbox
from consumer.source.starting import UncommittedStarts
from tests.delivery.test_dead_letter import a_writer
from tests.seams.foreign import FOREIGN, SECRET, raising
from tests.source.fake_consumer import FakeConsumer
from tests.source.test_member import A, Stage, records

DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize(
    ("name", "argument"), [("error_cb", DOWN), ("stats_cb", "{}")], ids=["error_cb", "stats_cb"]
)
def test_a_report_that_raises_costs_that_report(
    monkeypatch: pytest.MonkeyPatch, name: str, argument: object, kind: type[Exception]
) -> None:
    monkeypatch.setattr(ErrorLog, "note", raising(kind))
    monkeypatch.setattr(member, "read", raising(kind))
    stage = Stage()
    with capture_logs() as lines:
        stage.play(
            stage.kafka.assign(A), lambda: stage.kafka.callbacks[name](argument), records(A, 5, 6)
        )
    assert stage.watch.offsets() == [5, 6]
    assert "a Kafka report cannot be read" in [line["event"] for line in lines]
    assert SECRET not in str(lines)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_log_line_that_raises_costs_that_line(kind: type[Exception]) -> None:
    class Odd(str):
        __slots__ = ()
        __mod__ = raising(kind)

    with capture_logs() as lines:
        source._ClientLog().log(6, Odd("%s"), "x")
    assert [line["event"] for line in lines] == ["a Kafka report cannot be read"]
    assert SECRET not in str(lines)


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_report_to_the_dead_letter_producer_that_raises_costs_that_report(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(writing, "Producer", made.append)
    writer = a_writer("127.0.0.1:1", "letters")
    writer._new_producer()
    monkeypatch.setattr(writer, "_letters", {object()})
    monkeypatch.setattr(writer, "_notice", raising(kind))
    with capture_logs() as lines:
        made[0]["error_cb"](DOWN)
    assert [line["event"] for line in lines] == ["a Kafka report cannot be read"]
    assert SECRET not in str(lines)
    await asyncio.sleep(0)


Played = Callable[[Stage], Callable[[], object]]

OWN_STATE: dict[str, tuple[type, str, Played]] = {
    "on_assign": (FakeConsumer, "incremental_assign", lambda stage: stage.kafka.assign(A)),
    "on_revoke": (Outbox, "ask_to_finish", lambda stage: stage.kafka.revoke(A)),
    "on_lost": (UncommittedStarts, "forget_all", lambda stage: stage.kafka.lose(A)),
    "on_commit": (
        Commits,
        "answered",
        lambda stage: lambda: stage.kafka.callbacks["on_commit"](None, []),
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", OWN_STATE)
def test_a_rebalance_or_commit_that_raises_ends_the_process_in_order(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Exception]
) -> None:
    owner, step, call = OWN_STATE[name]
    if name == "on_assign":
        stage = Stage()
        monkeypatch.setattr(owner, step, raising(kind))
    else:
        monkeypatch.setattr(owner, step, raising(kind))
        stage = Stage()
        stage.play(stage.kafka.assign(A))
    with pytest.raises(FatalError, match="a Kafka call-back failed") as raised:
        stage.play(call(stage))
    assert SECRET not in str(raised.value)
